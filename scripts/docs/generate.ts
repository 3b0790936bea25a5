/** Which document has which generated parts. */
import { apiParts } from './api.ts';
import { atomicBatchParts } from './atomicBatches.ts';
import { autoBatchParts } from './autoBatch.ts';
import { benchResultParts } from './benchResults.ts';
import { configurationParts } from './configuration.ts';
import { devnetParts } from './devnet.ts';
import { errorParts } from './errors.ts';
import { eventParts } from './events.ts';
import { type Parts, replaceParts } from './markdown.ts';
import { resultParts } from './results.ts';
import { maskHostTime, readmeParts, resultSampleParts } from './run.ts';
import { scenarioParts } from './scenarios.ts';

export const generatedDocuments: Readonly<Record<string, () => Parts | Promise<Parts>>> = {
  'README.md': async () => ({ ...devnetParts(), ...(await readmeParts()) }),
  'docs/api.md': apiParts,
  'docs/atomic-batches.md': atomicBatchParts,
  'docs/auto-batch.md': autoBatchParts,
  'docs/choosing-n.md': benchResultParts,
  'docs/configuration.md': configurationParts,
  'docs/errors.md': errorParts,
  'docs/results.md': async () => ({ ...resultParts(), ...eventParts(), ...(await resultSampleParts()) }),
  'docs/scenarios.md': scenarioParts,
};

/**
 * Writes the generated parts of a document anew.
 * @returns The very same text when only the host's time differs, so that a second run changes nothing.
 */
export function regenerate(document: string, parts: Parts): string {
  const replaced = replaceParts(document, parts);
  return maskHostTime(replaced) === maskHostTime(document) ? document : replaced;
}
