/** What repeats a page: commands, version, seeds, configuration, and the scenario itself. */
import { stringify } from 'yaml';
import type { Plain } from '../../config/plainConfig.ts';
import { renderCode } from '../document.ts';
import { type Html, html } from '../html.ts';

export interface Source {
  /** The command that writes the page again. */
  readonly command: string;
  /** Effective configuration, as a file may hold it: what differs from the defaults. */
  readonly config: Plain;
  /** Text of the scenario file; undefined where it is not at hand. */
  readonly scenario: string | undefined;
}

export interface Fact {
  readonly name: string;
  readonly value: string | Html;
}

/** Longer scenarios are named, not shown. */
const SCENARIO_CHARACTERS_MAX = 64 * 1024;
const CONFIG_CHARACTERS_MAX = 128 * 1024;

export function renderSource({ command, config, scenario }: Source, facts: readonly Fact[]): Html {
  const configText = stringify(config, { lineWidth: 110 });
  return html`<p>In the folder of the program, with the same version, this writes the same page to the byte:</p>
${renderCode(command, 'Command that writes this page again')}
<dl class="facts">${facts.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
<details><summary>Configuration, where it differs from the defaults</summary>
${renderCode(cut(configText, CONFIG_CHARACTERS_MAX), 'Configuration')}
</details>
${
  scenario === undefined
    ? undefined
    : html`<details><summary>Scenario</summary>
${renderCode(cut(scenario, SCENARIO_CHARACTERS_MAX), 'Scenario')}
</details>
`
}`;
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax
    ? text
    : `${text.slice(0, charactersMax)}\n… and ${text.length - charactersMax} characters more`;
}
