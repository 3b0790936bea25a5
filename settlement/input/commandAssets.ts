/**
 * Which assets commands may name. What a user signs shows a symbol with hyphens for its marks and in lower case, so two
 * symbols can look the same there, and one with a number between marks can look like a symbol and an amount. A command
 * that is signed must mean one thing: such symbols are for sealed JSON, whose digest shows what the text hides.
 */
import { foldText } from './signedText.ts';

export class CommandAssets {
  readonly #known: ReadonlySet<string>;
  readonly #ambiguous: ReadonlySet<string>;

  /** @param symbols - All assets of the ledger. */
  constructor(symbols: readonly string[]) {
    this.#known = new Set(symbols);
    this.#ambiguous = new Set(symbols.filter((symbol) => isAmbiguousSymbol(symbol, symbols)));
  }

  has(symbol: string): boolean {
    return this.#known.has(symbol);
  }

  isAmbiguous(symbol: string): boolean {
    return this.#ambiguous.has(symbol);
  }

  /** The asset that differs from this text in case alone. */
  nearest(text: string): string | undefined {
    for (const symbol of this.#known) if (symbol.toLowerCase() === text.toLowerCase()) return symbol;
    return undefined;
  }
}

/**
 * Whether what is signed for a symbol could also mean something else.
 * @param symbols - All assets of the ledger.
 */
export function isAmbiguousSymbol(symbol: string, symbols: readonly string[]): boolean {
  // The bar that ends an argument would end this one too early.
  if (symbol.includes('|') || hasNumberPart(symbol)) return true;
  const folded = foldText(symbol);
  // Folding keeps the length, so nearly all others are ruled out by theirs.
  return symbols.some(
    (other) => other !== symbol && other.length === symbol.length && foldText(other) === folded,
  );
}

function hasNumberPart(symbol: string): boolean {
  return foldText(symbol)
    .split('-')
    .some((part) => /^[0-9]+$/.test(part));
}
