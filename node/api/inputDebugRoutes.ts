/**
 * `POST /admin/force-batch`, `POST /admin/clear-queue`: for those who build on a batcher. Clearing ends acknowledged inputs, so
 * both need a switch of their own beside the token.
 */
import { Type } from '@sinclair/typebox';
import type { InputPipeline } from '../batcher/pipeline/inputPipeline.ts';
import { closed, countField } from './fields.ts';
import { batcherOff, refuseFrom } from './inputRoutes.ts';
import { type Answer, defineRoute, ok, type Route, refusal } from './route.ts';

const targetBody = Type.Object({ target: Type.String({ maxLength: 64 }) }, closed);

/** @param isOn - `batcher.debug_endpoints`. */
export function inputDebugRoutes(pipeline: InputPipeline | undefined, isOn: boolean): Route[] {
  const facts = {
    method: 'POST',
    tag: 'admin',
    isAdmin: true,
    body: targetBody,
    bodyExample: { target: 'sidechain' },
  } as const;
  const codes = ['BATCHER_DEBUG_OFF', 'BATCHER_OFF', 'INPUT_TARGET_UNKNOWN'] as const;
  const within = (act: (pipeline: InputPipeline) => Promise<Answer>): Answer | Promise<Answer> => {
    if (pipeline === undefined) return batcherOff();
    if (isOn) return act(pipeline);
    const key = 'batcher.debug_endpoints';
    return refusal('BATCHER_DEBUG_OFF', `set ${key} to true to turn this on`, { key });
  };
  return [
    defineRoute({
      ...facts,
      path: '/admin/force-batch',
      summary: 'Debug: submit what waits for a target at the next round, whatever its criteria say',
      codes,
      answers: [
        {
          status: 202,
          description: 'the next round opens a batch if anything waits',
          schema: Type.Object({ target: Type.String() }, closed),
          example: { target: 'sidechain' },
        },
      ],
      handle: ({ body: { target } }) =>
        within(async (inputs) => {
          const forced = await inputs.forceBatch(target);
          return forced.ok ? ok({ target }, 202) : refuseFrom(forced);
        }),
    }),
    defineRoute({
      ...facts,
      path: '/admin/clear-queue',
      summary: 'Debug: end every input that waits for a target as failed, INPUT_CLEARED',
      codes: [...codes, 'BATCHER_STORAGE_UNAVAILABLE'],
      answers: [
        {
          status: 200,
          description: 'those in a batch already are left alone',
          schema: Type.Object({ target: Type.String(), cleared: countField }, closed),
          example: { target: 'sidechain', cleared: 3 },
        },
      ],
      handle: ({ body: { target } }) =>
        within(async (inputs) => {
          const cleared = await inputs.clearQueue(target);
          return cleared.ok ? ok({ target, cleared: cleared.value }) : refuseFrom(cleared);
        }),
    }),
  ];
}
