/** The effective configuration back in the spelling of config.yaml: what differs from the defaults, as plain values. */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { GenesisAccount } from '../../settlement/ledger/types.ts';
import { parseConfig } from './parseConfig.ts';
import type { Config } from './types.ts';

export type Plain = Readonly<Record<string, unknown>>;

/** Their defaults follow from other keys, so they are always written. */
const derivedKeys: readonly string[] = ['feeCap', 'originDelayMs'];
/** Maps whose keys are asset symbols, which are written as they are. */
const assetMaps: readonly string[] = [
  'balances',
  'deposits',
  'debts',
  'poolCash',
  'treasury',
  'bridgeLiquidity',
  'exposureMax',
  'valueMaxByAsset',
];

/** What a file must hold so that reading it gives this configuration again. */
export function plainConfigOf(config: Config): Plain {
  const parsed = parseConfig({});
  assert(parsed.ok, 'the default configuration is valid');
  const defaults = parsed.value.config;
  const written: Record<string, unknown> = {};
  const groups = { ...config, ledger: { ...config.ledger, accounts: config.ledger.accounts.map(asWritten) } };
  for (const group of Object.keys(config) as (keyof Config)[]) {
    if (group === 'validators') {
      written.validators = snakeCased(config.validators);
      continue;
    }
    const usual = Object.entries(defaults[group]);
    const changed = Object.entries(groups[group]).filter(
      ([key, value]) =>
        derivedKeys.includes(key) || !isSame(value, usual.find(([name]) => name === key)?.[1]),
    );
    if (changed.length > 0) written[snakeCase(group)] = snakeCased(Object.fromEntries(changed));
  }
  return texts(written) as Plain;
}

/** Keys in the spelling of files. */
export function snakeCased(value: unknown, holder = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => snakeCased(item));
  if (typeof value !== 'object' || value === null) return value;
  const isAssetMap = assetMaps.includes(holder);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [isAssetMap ? key : snakeCase(key), snakeCased(item, key)]),
  );
}

/** Amounts as text, since YAML readers lose digits of large numbers; what is undefined is left out. */
export function texts(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, texts(item)]),
  );
}

/** Without the label of an account that has none: it is its address, and that of a key is longer than a label may be. */
function asWritten({ label, ...account }: GenesisAccount): Partial<GenesisAccount> {
  return label === account.address ? account : { ...account, label };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(texts(one)) === JSON.stringify(texts(other));
}

export function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
