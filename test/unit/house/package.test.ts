import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly license: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;

describe('package.json', () => {
  it('pins every dependency exactly', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    }
  });

  it('has a command that exists, and exports rooms file by file', () => {
    expect(existsSync(new URL(manifest.bin.sidereal ?? '', root))).toBe(true);
    for (const room of ['consensus', 'settlement', 'node']) {
      expect(manifest.exports[`./${room}/*`]).toEqual({
        types: `./dist/${room}/*.d.ts`,
        default: `./dist/${room}/*.js`,
      });
    }
  });

  it('carries the licence it names', () => {
    expect(manifest.license).toBe('Apache-2.0');
    expect(read('LICENSE')).toContain('Apache License');
  });
});

describe('package-lock.json', () => {
  interface LockEntry {
    readonly version?: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const { packages } = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };

  it('has an entry for every platform of every binary, or `npm ci` refuses the whole of it', () => {
    for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
      for (const name of Object.keys(optionalDependencies)) {
        const entry = packages[`${path}/node_modules/${name}`] ?? packages[`node_modules/${name}`];
        expect(entry?.version, `${name}, wanted by ${path}`).toBeDefined();
      }
    }
  });

  it('names no place to download from, so it works with any registry', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"|https?:\/\/[^"]*registry/);
  });
});
