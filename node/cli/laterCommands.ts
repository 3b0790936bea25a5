/** Commands that the documents name and later versions bring: known, listed, refused. */
export const laterCommands: readonly {
  readonly name: string;
  readonly description: string;
  readonly feature: string;
}[] = [{ name: 'worker', description: 'take cells of a queued sweep', feature: 'the experiment engine' }];
