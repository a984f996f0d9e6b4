import type { NodeReport } from "actors/runtime/report.ts";

/** Who answers, as every answer says it. */
export interface ServiceFacts {
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly started: Date;
}

export interface EndpointStats {
  readonly requests: number;
  readonly errors: number;
  readonly lastError: string;
  /** Of all requests together. */
  readonly processingMs: number;
  readonly data: object;
}

export interface Endpoint {
  readonly name: string;
  readonly subject: string;
  /** Empty when every instance hears every request. */
  readonly queue: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly stats: (report: NodeReport) => EndpointStats;
}

// The answers of a NATS micro service, after ADR-32 of the NATS project. Tools refuse an answer with anything missing.

export function pingOf(facts: ServiceFacts): object {
  return { type: "io.nats.micro.v1.ping_response", ...identity(facts) };
}

export function infoOf(facts: ServiceFacts, endpoints: readonly Endpoint[]): object {
  return {
    type: "io.nats.micro.v1.info_response",
    ...identity(facts),
    description: facts.description,
    endpoints: endpoints.map(({ name, subject, queue, metadata }) => ({
      name,
      subject,
      queue_group: queue,
      metadata,
    })),
  };
}

export function statsOf(facts: ServiceFacts, endpoints: readonly Endpoint[], report: NodeReport): object {
  return {
    type: "io.nats.micro.v1.stats_response",
    ...identity(facts),
    started: facts.started.toISOString(),
    endpoints: endpoints.map(({ name, subject, queue, stats }) => {
      const { requests, errors, lastError, processingMs, data } = stats(report);
      const nanoseconds = Math.round(processingMs * 1e6);
      return {
        name,
        subject,
        queue_group: queue,
        num_requests: requests,
        num_errors: errors,
        last_error: lastError,
        processing_time: nanoseconds,
        average_processing_time: requests === 0 ? 0 : Math.trunc(nanoseconds / requests),
        data,
      };
    }),
  };
}

function identity({ name, id, version, metadata }: ServiceFacts): object {
  return { name, id, version, metadata };
}
