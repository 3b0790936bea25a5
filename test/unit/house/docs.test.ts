import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../node/scenario/loadScenario.ts';
import { allCodes } from '../../../scripts/docs/errors.ts';
import { allEventFields } from '../../../scripts/docs/events.ts';
import { generatedDocuments, regenerate } from '../../../scripts/docs/generate.ts';
import { checkMeanings, renderTable, replaceParts } from '../../../scripts/docs/markdown.ts';
import {
  anchorOf,
  findCitations,
  findCodes,
  findCommands,
  findLinks,
  findPaths,
  headingsOf,
  namesHeading,
} from '../../../scripts/docs/references.ts';
import { maskHostTime } from '../../../scripts/docs/run.ts';

const root = join(dirname(new URL(import.meta.url).pathname), '../../..');
const sourceFolders = ['consensus', 'settlement', 'node', 'scripts', 'test'];

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function listFiles(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      return entry.isDirectory() ? listFiles(path, ending) : ending.test(path) ? [path] : [];
    })
    .sort();
}

const sources = sourceFolders.flatMap((folder) => listFiles(folder, /\.(ts|yaml)$/));
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...listFiles('docs', /\.md$/),
  ...listFiles('scripts', /\.md$/),
];

describe('generated parts of the documents', () => {
  for (const [path, partsOf] of Object.entries(generatedDocuments)) {
    it(`${path} is what \`npm run docs\` writes`, async () => {
      const text = read(path);
      expect(maskHostTime(text)).toBe(maskHostTime(regenerate(text, await partsOf())));
    });
  }
});

describe('docs/errors.md', () => {
  const codes = allCodes();

  it('has a row for every code that the source names', () => {
    const unknown = sources
      .filter((path) => /^(consensus|settlement|node)\//.test(path))
      .flatMap((path) => findCodes(read(path)).map((code) => ({ path, code })))
      .filter(({ code }) => !codes.has(code));
    expect(unknown).toEqual([]);
  });

  it('has no row for a code that the source does not use', () => {
    const used = new Set(
      sources.filter((path) => !path.startsWith('test/')).flatMap((path) => findCodes(read(path))),
    );
    // The one code without an underscore.
    used.add('INTERNAL');
    expect([...codes].filter((code) => !used.has(code))).toEqual([]);
  });
});

describe('docs/results.md', () => {
  it('knows every event that the simulation reports by itself', () => {
    const known = allEventFields();
    const reported = listFiles('node/simulation', /\.ts$/)
      .flatMap((path) => [...read(path).matchAll(/(?:reportOther|#report)\([^;]*?'([a-z]+_[a-z_]+)'/g)])
      .map(([, type = '']) => type);
    expect(reported.length).toBeGreaterThan(3);
    expect(reported.filter((type) => !known.has(type))).toEqual([]);
  });
});

describe('docs/scenarios.md', () => {
  const blocks = [...read('docs/scenarios.md').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    ([, text = '']) => text,
  );

  it('shows scenarios and expectations that load', () => {
    expect(blocks.length).toBeGreaterThan(2);
    // Bare expectations stand for ones of a scenario in which something happens.
    const busy = 'workload: { uniform: { transactions_per_block: 1 } }';
    for (const block of blocks) {
      const text = block.startsWith('- ') ? `${busy}\nexpect:\n${block}` : block;
      const parsed = parseScenario(text, 'docs/scenarios.md');
      expect(parsed.ok ? [] : parsed.problems, block).toEqual([]);
    }
  });
});

describe('citations in comments', () => {
  it('name documents and headings that exist', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      if (path === 'test/unit/house/docs.test.ts' || path.startsWith('scripts/docs')) continue;
      for (const { document, sections } of findCitations(read(path))) {
        const isThere = existsSync(join(root, document)) || existsSync(join(root, dirname(path), document));
        if (!isThere) wrong.push(`${path}: there is no ${document}`);
        if (!isThere || sections.length === 0) continue;
        const headings = headingsOf(read(document));
        for (const section of sections) {
          if (!namesHeading(headings, section))
            wrong.push(`${path}: ${document} has no heading "${section}"`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('documents', () => {
  const program = ['program', 'clientCommands'].map((name) => read(`node/cli/${name}.ts`)).join('\n');
  const own = [...program.matchAll(/\.command\('([a-z]+)'\)/g)].map(([, name = '']) => name);
  const subcommands = new Set(own);
  const { scripts } = JSON.parse(read('package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };

  for (const path of documents) {
    const text = read(path);

    it(`${path} links to what exists`, () => {
      const dead = findLinks(text).filter((link) => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : posix.join(posix.dirname(path), file);
        if (!existsSync(join(root, target))) return true;
        if (anchor === undefined || !target.endsWith('.md')) return false;
        return !headingsOf(read(target)).map(anchorOf).includes(anchor);
      });
      expect(dead).toEqual([]);
    });

    it(`${path} names files, scripts and commands that exist`, () => {
      const isMissing = (name: string): boolean => {
        if (!existsSync(join(root, name))) return true;
        return name.endsWith('/') && !statSync(join(root, name)).isDirectory();
      };
      expect(findPaths(text).filter(isMissing)).toEqual([]);
      const commands = findCommands(text);
      expect(commands.npmScripts.filter((name) => scripts[name] === undefined)).toEqual([]);
      expect(commands.subcommands.filter((name) => !subcommands.has(name))).toEqual([]);
    });
  }
});

describe('replaceParts', () => {
  const document = 'a\n<!-- generated:x -->\nold\n<!-- /generated -->\nb\n';

  it('writes what stands between the markers and nothing else', () => {
    const once = replaceParts(document, { x: 'new' });
    expect(once).toBe('a\n<!-- generated:x -->\n\nnew\n\n<!-- /generated -->\nb\n');
    expect(replaceParts(once, { x: 'new' })).toBe(once);
  });

  it('refuses markers without a part, parts without a marker, and open ends', () => {
    expect(() => replaceParts(document, {})).toThrow('no generated part is called x');
    expect(() => replaceParts(document, { x: '', y: '' })).toThrow('no marker for the part y');
    expect(() => replaceParts('<!-- generated:x -->\nold\n', { x: '' })).toThrow('1 markers opened');
  });
});

describe('renderTable', () => {
  it('keeps bars and line breaks from breaking rows', () => {
    expect(renderTable(['k'], [['a|b\n c']])).toBe('| k |\n|---|\n| a\\|b c |');
  });
});

describe('checkMeanings', () => {
  it('wants words for each key and a key for all words', () => {
    expect(() => checkMeanings('x', ['a', 'b'], ['a'])).toThrow('say what these mean: b');
    expect(() => checkMeanings('x', ['a'], ['a', 'b'])).toThrow('these do not exist: b');
  });
});

describe('findCitations', () => {
  it('reads documents and headings, over line breaks', () => {
    expect(findCitations(' * so (docs/protocol.md,\n * windows and net batches). A block')).toEqual([
      { document: 'docs/protocol.md', sections: ['windows and net batches'] },
    ]);
    expect(findCitations('// (docs/results.md; docs/protocol.md, metrics, laws)')).toEqual([
      { document: 'docs/results.md', sections: [] },
      { document: 'docs/protocol.md', sections: ['metrics', 'laws'] },
    ]);
  });

  it('keeps a section by number, which no heading answers', () => {
    const [citation] = findCitations('docs/protocol.md section 6, actions)');
    expect(citation?.sections).toEqual(['section 6', 'actions']);
    expect(namesHeading(['Actions'], 'section 6')).toBe(false);
    expect(namesHeading(['Settlement origin and derivation'], 'origin and derivation')).toBe(true);
  });
});

describe('findLinks, findPaths, findCommands, findCodes', () => {
  it('find what leads into the repository', () => {
    const text = '[a](docs/a.md#x) [b](https://b.example) ![p](docs/p.svg)\n```\n[c](no.md)\n```\n';
    expect(findLinks(text)).toEqual(['docs/a.md#x', 'docs/p.svg']);
    expect(findPaths('`node/core/a.ts` and `node/laws/` but `node/runtime` and node/b.ts')).toEqual([
      'node/core/a.ts',
      'node/laws/',
    ]);
  });

  it('find what people are told to type', () => {
    const text =
      '```sh\nnpm ci && npm start\nnpx sidereal run x.yaml\n```\n`npm run docs` and `sidereal bench`';
    expect(findCommands(text)).toEqual({ npmScripts: ['start', 'docs'], subcommands: ['run', 'bench'] });
  });

  it('find codes, not other words', () => {
    expect(findCodes("refuse('A_B', 'text'); refuse(\n'LEDGER_X_Y'); x = 'PLAIN'")).toEqual([
      'A_B',
      'LEDGER_X_Y',
    ]);
  });

  it('make anchors as renderers do', () => {
    expect(anchorOf('Proposer duty and slashing')).toBe('proposer-duty-and-slashing');
    expect(anchorOf('events.ndjson')).toBe('eventsndjson');
  });
});
