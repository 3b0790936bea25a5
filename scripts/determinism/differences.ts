/** What tells the runs of one scenario apart. */

/** What one run of a scenario came to. */
export interface Fingerprint {
  /** Where it ran. */
  readonly label: string;
  readonly traceHash: string | undefined;
  readonly stateRoot: string | undefined;
  /** Why there is no result. */
  readonly problem: string | undefined;
}

/** @returns A line for each run that failed or came to something else than the first that did not fail. */
export function differencesOf(fingerprints: readonly Fingerprint[]): string[] {
  const first = fingerprints.find(({ problem }) => problem === undefined);
  const differences: string[] = [];
  for (const { label, traceHash, stateRoot, problem } of fingerprints) {
    if (problem !== undefined) differences.push(`${label}: ${problem}`);
    else if (traceHash !== first?.traceHash) {
      differences.push(`${label}: trace hash ${traceHash}, under ${first?.label} ${first?.traceHash}`);
    } else if (stateRoot !== first?.stateRoot) {
      differences.push(`${label}: state root ${stateRoot}, under ${first?.label} ${first?.stateRoot}`);
    }
  }
  return differences;
}
