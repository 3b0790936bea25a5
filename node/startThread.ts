/** Starts worker threads alike from the build and from a checkout, whose modules are TypeScript. */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * From the build the module is JavaScript; in a checkout the loader for TypeScript is registered in the thread first.
 * @param module - Module of the thread, as an address of this checkout or of the build.
 */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(module, options);
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(module.href)}); });`;
  return new Worker(start, { ...options, eval: true });
}

/** The module of this name beside the one at `from`: TypeScript in a checkout, JavaScript in the build and in its bundle. */
export function moduleBeside(from: string, name: string): URL {
  return new URL(`./${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from);
}
