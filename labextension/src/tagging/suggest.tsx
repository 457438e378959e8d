/** A notebook in, the server's suggestion of steps shown out, and written if the user wants it. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { type Client, RequestError } from '../client';
import { contentOf } from '../model/content';
import { troubleOf } from '../model/trouble';
import { apply, codeCells } from '../notebook/apply';
import type { Role } from '../notebook/grammar';
import { isStep, split } from '../notebook/sections';
import { tagsOf } from '../notebook/apply';
import type { Suggested } from '../wire';
import { Dot } from './combobox';
import { coloursOf } from './shown';
import { roleWord } from './words';

/** What the server says of a notebook that has steps already. */
const HAS_STEPS = 'N2P161';

/** What a suggestion needs of its surroundings. `ask`: show it before anything is written. */
export interface ISuggestOptions {
  readonly panel: NotebookPanel;
  readonly client: Client;
  readonly trans: TranslationBundle;
  readonly again: boolean;
  readonly ask: boolean;
}

/** Suggest steps; true if they were written. What goes wrong is told in a dialog. */
export async function suggestSteps(options: ISuggestOptions): Promise<boolean> {
  const { panel, client, trans } = options;
  const model = panel.content.model;
  if (!model) {
    return false;
  }
  const cells = codeCells(model);
  let found: Suggested;
  try {
    found = await client.suggest({
      path: panel.context.localPath,
      content: contentOf(model),
      again: options.again
    });
  } catch (reason) {
    const hasSteps =
      reason instanceof RequestError &&
      reason.diagnostics.some(item => item.code === HAS_STEPS);
    if (hasSteps && options.ask && (await asksAgain(trans))) {
      return suggestSteps({ ...options, again: true });
    }
    if (!hasSteps || !options.ask) {
      await tell(reason, trans);
    }
    return false;
  }
  const rows = rowsOf(cells.map(tagsOf), found, sources(cells));
  if (options.ask && !(await isWanted(rows, found, trans))) {
    return false;
  }
  return write(panel, cells, found);
}

function write(
  panel: NotebookPanel,
  cells: ReturnType<typeof codeCells>,
  found: Suggested
): boolean {
  const model = panel.isDisposed ? null : panel.content.model;
  if (!model) {
    return false;
  }
  const now = codeCells(model); // others may have inserted or deleted cells meanwhile
  const tags = new Map<number, readonly string[]>();
  for (const [index, own] of Object.entries(found.tags)) {
    const cell = cells[Number(index)];
    const place = cell ? now.indexOf(cell) : -1;
    if (place >= 0) {
      tags.set(place, own);
    }
  }
  return apply(model, { tags });
}

/** A step, or another part, of the notebook as it would be. */
interface IRow {
  readonly name: string;
  readonly role: Role;
  readonly colour: number | null;
  readonly cells: string;
  readonly code: string;
}

function rowsOf(
  tags: ReadonlyArray<readonly string[]>,
  found: Suggested,
  lines: readonly string[]
): IRow[] {
  const would = split(
    tags.map((own, index) => found.tags[String(index)] ?? own)
  );
  const colours = coloursOf(would);
  return would.runs.map(({ section, cells }) => {
    const [first = 0] = cells;
    const last = cells[cells.length - 1] ?? first;
    return {
      name: section.name,
      role: section.role,
      colour: isStep(section) ? (colours.get(section.name) ?? null) : null,
      cells: first === last ? `${first + 1}` : `${first + 1}–${last + 1}`,
      code: lines[first] ?? ''
    };
  });
}

function sources(cells: ReturnType<typeof codeCells>): string[] {
  return cells.map(cell => {
    const lines = cell.sharedModel.getSource().split('\n');
    return lines.find(line => line.trim()) ?? '';
  });
}

async function isWanted(
  rows: readonly IRow[],
  found: Suggested,
  trans: TranslationBundle
): Promise<boolean> {
  const isEmpty = Object.keys(found.tags).length === 0;
  const buttons = isEmpty
    ? [Dialog.okButton({ label: trans.__('Close') })]
    : [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Tag the cells') })
      ];
  const result = await showDialog({
    title: trans.__('Suggested steps'),
    body: <Preview rows={isEmpty ? [] : rows} found={found} trans={trans} />,
    buttons
  });
  return result.button.accept && !isEmpty;
}

function Preview(props: {
  rows: readonly IRow[];
  found: Suggested;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { rows, found, trans } = props;
  return (
    <div className="nb2pipe-Suggested" data-testid="nb2pipe-suggested">
      <p>
        {rows.length
          ? trans.__(
              'Only tags are written, and one Undo takes them back. The code stays as it is.'
            )
          : trans.__('There are no steps to suggest for this notebook.')}
      </p>
      {rows.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{trans.__('Step')}</th>
              <th scope="col">{trans.__('Cells')}</th>
              <th scope="col">{trans.__('Begins with')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={place}>
                <td>
                  <Dot colour={row.colour} />
                  {row.role === 'step'
                    ? row.name
                    : roleWord(row.role, trans).label}
                </td>
                <td>{row.cells}</td>
                <td className="nb2pipe-Suggested-code">{row.code}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.remarks.length > 0 && (
        <ul className="nb2pipe-Suggested-remarks">
          {found.remarks.map(remark => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

async function asksAgain(trans: TranslationBundle): Promise<boolean> {
  const result = await showDialog({
    title: trans.__('The notebook has steps already'),
    body: trans.__(
      'Shall other steps be suggested in their place? You will see them before anything is written.'
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep them') }),
      Dialog.okButton({ label: trans.__('Suggest') })
    ]
  });
  return result.button.accept;
}

async function tell(reason: unknown, trans: TranslationBundle): Promise<void> {
  const trouble = troubleOf(reason, trans);
  await showDialog({
    title: trans.__('No steps could be suggested'),
    body: [trouble.message, trouble.hint].filter(line => line).join(' '),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
