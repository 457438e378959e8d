/** A command's arguments in; out what they name, or what the user chooses from a list. Loaded when it is asked for. */

import { InputDialog } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Analysis, Edge } from '../wire';
import { namesOf } from './sorting';
import type { IServices } from './view';

/** The edge that is named, or else chosen from a list. */
export async function edgeAsked(
  analysis: Analysis,
  args: ReadonlyPartialJSONObject,
  services: IServices
): Promise<Edge | null> {
  const { trans } = services;
  if (typeof args['source'] === 'string') {
    return (
      analysis.edges.find(
        edge => edge.source === args['source'] && edge.target === args['target']
      ) ?? null
    );
  }
  const names = namesOf(analysis.steps);
  const items = analysis.edges.map(
    edge =>
      `${names.get(edge.source) ?? edge.source} → ${names.get(edge.target) ?? edge.target}`
  );
  const answer = await InputDialog.getItem({
    title: trans.__('Explain a dependency'),
    label: trans.__('Why the second step waits for the first'),
    items,
    okLabel: trans.__('Explain')
  });
  return analysis.edges[items.indexOf(answer.value ?? '')] ?? null;
}

/** The format that is named, or else chosen. */
export async function formatAsked(
  args: ReadonlyPartialJSONObject,
  services: IServices
): Promise<'svg' | 'mermaid' | null> {
  const { trans } = services;
  const given = args['format'];
  if (given === 'svg' || given === 'mermaid') {
    return given;
  }
  const picture = trans.__('Picture (SVG)');
  const answer = await InputDialog.getItem({
    title: trans.__('Export the graph'),
    label: trans.__('The file is downloaded by your browser.'),
    items: [picture, trans.__('Text for Markdown (Mermaid)')],
    okLabel: trans.__('Download')
  });
  if (!answer.button.accept || answer.value === null) {
    return null;
  }
  return answer.value === picture ? 'svg' : 'mermaid';
}
