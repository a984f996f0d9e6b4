/** Why somebody came back from another provider without what he went for; the reason stands in the address. */
export function providerFailure(reason: string): string {
  switch (reason) {
    case "forbidden":
      return "You were not let in there";
    case "gone":
      return "That took too long, or began in another browser; try again";
    case "conflict":
      return "That sign-in belongs to another account";
    case "unavailable":
      return "The provider cannot be reached right now";
    case "rate_limited":
      return "Too many tries; wait a minute";
    case "confirmation_required":
      return "That took too long: confirm once more that it is you";
    default:
      return "That did not work; try again";
  }
}
