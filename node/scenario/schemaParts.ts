/** Building blocks of the JSON Schema of scenarios. */

export type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
export const integer = (minimum: number, maximum?: number): Schema =>
  maximum === undefined ? { type: 'integer', minimum } : { type: 'integer', minimum, maximum };
export const number = ({ min, max }: { readonly min: number; readonly max: number }): Schema => ({
  type: 'number',
  minimum: min,
  maximum: max,
});
/** Longer ones are refused by the loader, in whichever form. */
export const duration: Schema = {
  anyOf: [integer(0), { type: 'string', pattern: '^[0-9]{1,12}(ms|s|m|h)$' }],
};
export const signedDuration: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?[0-9]{1,12}(ms|s|m|h)$' }],
};
export const node: Schema = map({ node: text }, ['node']);

/** A map with these keys and no others. */
export function map(properties: Record<string, unknown>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, required, additionalProperties: false };
}
