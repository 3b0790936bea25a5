/** Tables of docs/configuration.md, from the configuration's schema. */
import { type ConfigField, listGroups } from '../../node/config/schema.ts';
import { asSentence, code, type Parts, renderTable } from './markdown.ts';

export function configurationParts(): Parts {
  const sections = listGroups().map(({ key, description, fields }) => {
    const rows = fields.map((field) => [
      code(field.path.at(-1) ?? key),
      field.unit ?? '',
      renderDefault(field),
      meaningOf(field),
    ]);
    const table = renderTable(['key', 'unit', 'default', 'meaning'], rows);
    const isGroup = fields[0]?.path.length === 2;
    return `### ${key}\n\n${isGroup ? `${asSentence(description)}\n\n` : ''}${table}`;
  });
  return { keys: sections.join('\n\n') };
}

function meaningOf({ description, feature }: ConfigField): string {
  const meaning = asSentence(description);
  return feature === undefined
    ? meaning
    : `${meaning} *Not yet: needs ${feature}; only the default is accepted.*`;
}

function renderDefault({ defaultValue }: ConfigField): string {
  if (Array.isArray(defaultValue) && defaultValue.length > 0) return `${defaultValue.length} entries, below`;
  return code(
    typeof defaultValue === 'string' && defaultValue !== '' ? defaultValue : JSON.stringify(defaultValue),
  );
}
