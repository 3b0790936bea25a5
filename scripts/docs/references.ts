/**
 * What documents and sources say of each other: citations in comments, links, commands, paths and error codes. Finding
 * is pure; whether a thing is there is for the caller to look up.
 */

/** A place in a document that a comment names: `(docs/protocol.md, windows and net batches)`. */
export interface Citation {
  readonly document: string;
  /** Beginnings or parts of headings, as written; empty when the whole document is meant. */
  readonly sections: readonly string[];
}

const citationPattern = /((?:docs\/)?[A-Za-z-]+\.md)( section \d+)?(?:, ([^).:;`'"*]*))?/g;

/**
 * Citations of a source file. After the document stand, each behind a comma, headings of it, up to a full stop, colon,
 * semicolon or closing bracket; `section 6` by number is kept as a section, because no heading is called so.
 */
export function findCitations(source: string): Citation[] {
  const text = source.replace(/\n\s*(?:\*|\/\/|#) ?/g, ' ');
  return [...text.matchAll(citationPattern)].map(([, document = '', byNumber, rest = '']) => {
    const sections = rest
      .split(', ')
      .map((section) => section.trim())
      .filter((section) => section !== '' && !section.includes('.md'));
    return { document, sections: byNumber === undefined ? sections : [byNumber.trim(), ...sections] };
  });
}

/** Headings of a document outside code blocks. */
export function headingsOf(document: string): string[] {
  return [...withoutCodeBlocks(document).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading.trim(),
  );
}

/** True when some heading holds the words, whatever their case. */
export function namesHeading(headings: readonly string[], section: string): boolean {
  return headings.some((heading) => heading.toLowerCase().includes(section.toLowerCase()));
}

/** The name by which a link reaches a heading, as common renderers make it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');
}

/** Targets of links and images that lead to files of this repository. */
export function findLinks(document: string): string[] {
  const text = withoutCodeBlocks(document);
  const targets = [
    ...text.matchAll(/\]\(([^)\s]+)\)/g),
    ...text.matchAll(/<(?:img|source|a)\b[^>]*?(?:src|srcset|href)="([^"]+)"/g),
  ].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** Paths of this repository's files and folders that a document names in code, folders with a slash at the end. */
export function findPaths(document: string): string[] {
  const words = codeOf(document).flatMap((text) => text.split(/[\s,]+/));
  return words.filter((word) =>
    /^(?:consensus|settlement|node|scripts|test|docs|bin|deploy)\/(?:[\w-]+\/)*(?:[\w.-]+\.(?:ts|js|yaml|csv|md|svg|grit|service))?$/.test(
      word,
    ),
  );
}

export interface Commands {
  readonly npmScripts: readonly string[];
  readonly subcommands: readonly string[];
}

/** Commands that a document tells people to type. */
export function findCommands(document: string): Commands {
  const text = codeOf(document).join('\n');
  const scripts = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start)\b)/g)];
  const subcommands = [...text.matchAll(/^(?:\$ )?(?:npx )?sidereal ([a-z]+)\b/gm)];
  return {
    npmScripts: scripts.map(([, named, short]) => named ?? short ?? ''),
    subcommands: subcommands.map(([, name = '']) => name),
  };
}

/** Error codes that stand as text in a source file. */
export function findCodes(source: string): string[] {
  return [...source.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)].map(([, found = '']) => found);
}

function withoutCodeBlocks(document: string): string {
  return document.replace(/^```[\s\S]*?^```$/gm, '');
}

/** Lines of code blocks and pieces of inline code. */
function codeOf(document: string): string[] {
  const blocks = [...document.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  const inline = [...withoutCodeBlocks(document).matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
  return [...blocks.flatMap((block) => block.split('\n')), ...inline];
}
