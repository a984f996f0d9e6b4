import { connect, type NatsConnection } from "nats";

const REQUEST_MS = 10_000;

/** What was heard on the bus. */
export interface Heard {
  readonly subject: string;
  readonly text: string;
}

/** Somebody with a NATS client and no code of ours, as the `nats` command line is. */
export class NatsOperator implements AsyncDisposable {
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  static async connect(url: string): Promise<NatsOperator> {
    return new NatsOperator(await connect({ servers: url, name: "operator" }));
  }

  /** `nats sub SUBJECT`; resolves when the server knows of it. */
  async sub(subject: string): Promise<HeardMessages> {
    const heard = new HeardMessages();
    this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) heard.add({ subject: message.subject, text: message.string() });
      },
    });
    await this.#connection.flush();
    return heard;
  }

  /** `nats req SUBJECT BODY`, the answer read as JSON. */
  async req<T = unknown>(subject: string, body = ""): Promise<T> {
    return (await this.#connection.request(subject, body, { timeout: REQUEST_MS })).json<T>();
  }

  /** `nats pub SUBJECT BODY`. */
  pub(subject: string, body = ""): void {
    this.#connection.publish(subject, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

export class HeardMessages {
  readonly all: Heard[] = [];
  readonly #waiting = new Set<() => void>();

  add(message: Heard): void {
    this.all.push(message);
    for (const check of [...this.#waiting]) check();
  }

  /** The first that satisfies; the test's own time limit ends a wait in vain. */
  until(wanted: (message: Heard) => boolean): Promise<Heard> {
    return new Promise((resolve) => {
      const check = () => {
        const found = this.all.find(wanted);
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}
