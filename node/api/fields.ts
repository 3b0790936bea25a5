/** The values that answers are made of. Amounts are decimal strings of smallest units; times are ms after genesis. */
import { type TSchema, Type } from '@sinclair/typebox';

export const hashField = Type.String({ pattern: '^0x[0-9a-f]{64}$', description: '32 bytes as hex' });
export const addressField = Type.String({
  pattern: '^0x(?:[0-9a-f]{40}|[0-9a-f]{64})$',
  description: 'an ed25519 key (32 bytes) or an EVM address (20 bytes), lower-case hex',
});
export const amountField = Type.String({ pattern: '^[0-9]+$', description: 'smallest units' });
export const signedAmountField = Type.String({ pattern: '^-?[0-9]+$', description: 'smallest units' });
export const countField = Type.Integer({ minimum: 0 });
export const heightField = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const timeField = Type.Integer({ description: 'ms after the genesis instant' });
export const nameField = Type.String({ description: 'name of a validator' });
export const amountsField = Type.Record(Type.String(), amountField, { description: 'by asset' });
export const signedAmountsField = Type.Record(Type.String(), signedAmountField, { description: 'by asset' });

export const closed = { additionalProperties: false } as const;

/** Where a list goes on: the `before` of the next request, or null at its end. */
export const nextBeforeField = Type.Union([heightField, Type.Null()], {
  description: 'pass it as `before` to go on; null: nothing older is kept',
});

/** The same field with words of its own. */
export function described<Schema extends TSchema>(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** Most items of one page. */
export const PAGE_MAX = 100;
export const PAGE_DEFAULT = 20;

/** Newest first; `before` is exclusive. */
export const pageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: PAGE_MAX, description: `items; default ${PAGE_DEFAULT}` }),
    ),
    before: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'only what is older; default: from the newest',
      }),
    ),
  },
  closed,
);

export const hashExample = `0x${'5d'.repeat(32)}`;
export const addressExample = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
