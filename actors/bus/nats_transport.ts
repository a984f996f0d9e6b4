import { NodeTransport } from "nats/lib/src/node_transport.js";

/**
 * nats.js takes its listeners off a socket before it destroys it. If the socket broke in that very step, as it does in
 * one of ten refused logins, its error is announced afterwards, and an error nobody listens to ends the process.
 */
export function hearLateErrors(): void {
  const { setupHandlers } = NodeTransport.prototype;
  NodeTransport.prototype.setupHandlers = function (this: NodeTransport): void {
    setupHandlers.call(this);
    const { socket } = this;
    const removeAllListeners = socket.removeAllListeners.bind(socket);
    socket.removeAllListeners = (event?: string | symbol) => {
      removeAllListeners(event);
      // What ended the connection, nats.js has learnt before.
      return socket.on("error", () => {});
    };
  };
}
