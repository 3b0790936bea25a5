/** Commands that the documents name and later versions bring: known, listed, refused. */
export const laterCommands: readonly {
  readonly name: string;
  readonly description: string;
  readonly feature: string;
}[] = [
  { name: 'bench', description: 'sweep batch sizes and recommend one', feature: 'the experiment engine' },
  { name: 'worker', description: 'take cells of a queued sweep', feature: 'the experiment engine' },
];
