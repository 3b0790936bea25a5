/** Holds a part of a request against the schema that its route describes it by. */
import type { TObject } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { assert } from '../../consensus/primitives/codedError.ts';

/** One thing that is wrong with a request. */
interface Problem {
  /** Where, as a JSON pointer. */
  readonly path: string;
  readonly message: string;
}

/** Most problems that an answer lists: a body may hold many thousands. */
const PROBLEMS_MAX = 100;

/** Checks one part of a request against its schema; numbers in a path or query come as text. */
export function compileCheck(schema: TObject, httpPart: string) {
  const compiled = TypeCompiler.Compile(schema);
  const isText = httpPart === 'params' || httpPart === 'querystring';
  return (data: unknown): { value: unknown } | { error: Error } => {
    // No body at all is an empty one, so that a plain `curl -X POST` works where nothing is asked for.
    const value = isText ? readNumbers(schema, data) : (data ?? {});
    if (compiled.Check(value)) return { value };
    // The first of each place: a field that is missing is also said to be of no type.
    const problems = new Map<string, Problem>();
    for (const { path, message } of compiled.Errors(value)) {
      if (!problems.has(path)) problems.set(path, { path, message });
      if (problems.size === PROBLEMS_MAX) break;
    }
    const validation = [...problems.values()];
    return { error: Object.assign(new Error('invalid'), { validation, statusCode: 400 }) };
  };
}

function readNumbers(schema: TObject, data: unknown): unknown {
  assert(typeof data === 'object' && data !== null, 'parameters are an object');
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      const isInteger = schema.properties[name]?.type === 'integer';
      const isNumber = isInteger && typeof value === 'string' && /^(?:0|[1-9][0-9]{0,15})$/.test(value);
      return [name, isNumber ? Number(value) : value];
    }),
  );
}
