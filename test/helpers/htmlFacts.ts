/** What a page of HTML consists of, found without a browser: enough to see what a text of a user became. */

export interface HtmlFacts {
  readonly tags: ReadonlySet<string>;
  readonly attributes: ReadonlySet<string>;
  readonly ids: readonly string[];
  /** Values of `href`. */
  readonly links: readonly string[];
}

/** Attributes in quotes, as this project's pages write all of them. */
export function htmlFacts(text: string): HtmlFacts {
  const tags = new Set<string>();
  const attributes = new Set<string>();
  const ids: string[] = [];
  const links: string[] = [];
  const markup = text.replace(/<style>[\s\S]*?<\/style>/g, '<style></style>');
  for (const [, name = '', rest = ''] of markup.matchAll(
    /<([a-z][a-z0-9]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*\/?>/gi,
  )) {
    tags.add(name.toLowerCase());
    for (const [, attribute = '', value = ''] of rest.matchAll(/\s+([^\s=>/]+)(?:="([^"]*)")?/g)) {
      attributes.add(attribute.toLowerCase());
      if (attribute === 'id') ids.push(value);
      if (attribute.endsWith('href')) links.push(value);
    }
  }
  return { tags, attributes, ids, links };
}
