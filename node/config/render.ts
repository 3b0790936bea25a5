/** config.yaml as text: the schema's keys with values, and one comment each of meaning, unit and default. */
import { stringify } from 'yaml';
import { type ConfigField, type ConfigFile, listGroups } from './schema.ts';

const HEADER = `# Sidereal: every key of the configuration with its default.
# Order of sources: these defaults, --config FILE, a scenario's config:, SIDEREAL_A__B=c and AUTO_BATCH_B=c, --set a.b=c.
# Amounts are whole smallest units; above 2^53 they stand in quotes. bps: 1/10000.
`;

/**
 * Renders a configuration with comments.
 * @param file - Values to show; undefined: the defaults, which gives the config.yaml that is shipped.
 */
export function renderConfig(file?: ConfigFile): string {
  const parts = [HEADER];
  for (const { key, description, fields } of listGroups()) {
    const own = fields[0];
    const holder = (file as unknown as Record<string, unknown> | undefined)?.[key];
    if (own !== undefined && own.path.length === 1) {
      parts.push(renderField(own, file === undefined ? own.defaultValue : holder, ''));
      continue;
    }
    const lines = [`# ${description}`, `${key}:`];
    for (const field of fields) {
      const value =
        file === undefined ? field.defaultValue : (holder as Record<string, unknown>)[field.path[1] ?? ''];
      lines.push(renderField(field, value, '  '));
    }
    parts.push(lines.join('\n'));
  }
  return `${parts.join('\n')}\n`;
}

function renderField(field: ConfigField, value: unknown, indent: string): string {
  const key = field.path[field.path.length - 1] ?? '';
  const facts = [
    field.unit,
    `default ${renderFlow(field.defaultValue, true)}`,
    field.feature && `needs ${field.feature}`,
  ];
  const comment = `${indent}# ${field.description} [${facts.filter(Boolean).join('; ')}]`;
  if (Array.isArray(value) && value.length > 0 && typeof value[0] === 'object') {
    const items = value.map((item) => `${indent}  - ${renderFlow(item)}`);
    return [comment, `${indent}${key}:`, ...items].join('\n');
  }
  return `${comment}\n${indent}${key}: ${renderFlow(value)}`;
}

function renderFlow(value: unknown, short = false): string {
  if (short && Array.isArray(value) && value.length > 0) return `the ${value.length} below`;
  return stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: true,
    version: '1.2',
    defaultStringType: 'PLAIN',
  }).trim();
}
