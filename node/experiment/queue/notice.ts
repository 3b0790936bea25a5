/** What a sweep tells all who share its queue: which experiment it is, for which build of the program, and where its package is. */
import { z } from 'zod';

/** Largest part of a package, in characters of base64. */
export const PART_CHARS_MAX = 1024 * 1024;

const whole = z.int().nonnegative();
const hex = z.string().regex(/^[0-9a-f]{1,64}$/);

const noticeSchema = z.strictObject({
  id: hex,
  /** Hash of the plan. */
  plan: hex,
  /** Build of the program that runs its cells. */
  build: hex,
  version: z.string().max(100),
  /** For people. */
  scenario: z.string().max(1000),
  runs: whole,
  parts: whole.max(1000),
});

export type ExperimentNotice = z.infer<typeof noticeSchema>;

export function writeNotice(notice: ExperimentNotice): string {
  return JSON.stringify(notice);
}

/** @returns Nothing where it is no notice that this version understands. */
export function readNotice(text: string): ExperimentNotice | undefined {
  try {
    const read = noticeSchema.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

export function partIdOf(experiment: string, index: number): string {
  return `${experiment}-part-${index}`;
}
