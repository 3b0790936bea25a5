/** Faults as events tell of them. */
import type { Fault } from '../scenario/types.ts';

/** What an event says of a fault: its type and what was given with it, by the words of a scenario file. */
export function faultFields(fault: Fault): Record<string, unknown> {
  const fields: Record<string, unknown> = { fault: fault.type };
  for (const [key, value] of Object.entries(fault)) {
    if (key === 'kind') fields[String(value)] = true;
    else if (key === 'fault') fields.disk_fault = value;
    else if (key !== 'type' && key !== 'node' && value !== undefined) fields[snakeCased(key)] = value;
  }
  return fields;
}

function snakeCased(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
