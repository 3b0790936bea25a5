/** The table of docs/auto-batch.md: each key with its environment variable. */
import { listAutoBatchKeys } from '../../node/autobatch/options.ts';
import { asSentence, code, type Parts, renderTable } from './markdown.ts';

export function autoBatchParts(): Parts {
  const rows = listAutoBatchKeys().map(({ key, variable, unit, defaultValue, description }) => [
    code(variable),
    code(`auto_batch.${key}`),
    unit ?? '',
    code(
      typeof defaultValue === 'string' && defaultValue !== '' ? defaultValue : JSON.stringify(defaultValue),
    ),
    asSentence(description),
  ]);
  return { keys: renderTable(['variable', 'key', 'unit', 'default', 'meaning'], rows) };
}
