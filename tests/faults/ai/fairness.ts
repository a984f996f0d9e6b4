/** Jain's index (Jain, Chiu, Hawe 1984): 1 when all got the same, 1/n when one got all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 1 : sum * sum / (shares.length * squares);
}
