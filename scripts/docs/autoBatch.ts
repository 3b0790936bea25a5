/** The table of docs/auto-batch.md: each key with its environment variable. */
import { AUTO_BATCH_GROUP, autoBatchVariableOf } from '../../node/config/autoBatchConfig.ts';
import { listGroups } from '../../node/config/schema.ts';
import { asSentence, code, type Parts, renderTable } from './markdown.ts';

export function autoBatchParts(): Parts {
  const { fields } = listGroups().find(({ key }) => key === AUTO_BATCH_GROUP) ?? { fields: [] };
  const rows = fields.map(({ path, unit, defaultValue, description }) => {
    const key = path[1] ?? '';
    return [
      code(autoBatchVariableOf(key)),
      code(`${AUTO_BATCH_GROUP}.${key}`),
      unit ?? '',
      code(
        typeof defaultValue === 'string' && defaultValue !== '' ? defaultValue : JSON.stringify(defaultValue),
      ),
      asSentence(description),
    ];
  });
  return { keys: renderTable(['variable', 'key', 'unit', 'default', 'meaning'], rows) };
}
