/** The panel's services in; its commands out, for palette, menus, shortcuts and scripts. */

import { InputDialog } from '@jupyterlab/apputils';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { pipelineIcon } from '../icons';
import type { Analysis, Edge } from '../wire';
import { namesOf } from './sorting';
import { TABS } from './state';
import { CommandIDs, type IServices } from './view';

/** How the panel comes on the screen: JupyterLab and Notebook 7 differ. */
export interface IPlaces {
  toggle(): void;
  show(): void;
  isShown(): boolean;
  openMain(): void;
}

type Args = ReadonlyPartialJSONObject;

/** Descriptions of arguments, as JSON schemas. */
function describedBy(properties: ReadonlyJSONObject): {
  args: ReadonlyJSONObject;
} {
  return { args: { type: 'object', properties } };
}

/** Those that show something. */
export function addViewCommands(services: IServices, places: IPlaces): void {
  const { commands, trans, state } = services;
  commands.addCommand(CommandIDs.toggle, {
    label: trans.__('Pipeline Panel'),
    caption: trans.__('Show or hide the pipeline of the notebook'),
    icon: pipelineIcon,
    isToggleable: true,
    isToggled: () => places.isShown(),
    describedBy: describedBy({}),
    execute: () => places.toggle()
  });
  commands.addCommand(CommandIDs.openMain, {
    label: trans.__('Open the Pipeline in the Main Area'),
    describedBy: describedBy({}),
    execute: () => places.openMain()
  });
  commands.addCommand(CommandIDs.showTab, {
    label: args =>
      args['tab'] === 'problems'
        ? trans.__('Show Problems')
        : trans.__('Show the Pipeline'),
    describedBy: describedBy({ tab: { type: 'string', enum: [...TABS] } }),
    execute: args => {
      state.tab = TABS.find(tab => tab === args['tab']) ?? state.tab;
      places.show();
    }
  });
  commands.addCommand(CommandIDs.showProblems, {
    label: trans.__('Show Problems of the Pipeline'),
    describedBy: describedBy({}),
    execute: () => commands.execute(CommandIDs.showTab, { tab: 'problems' })
  });
}

/** Those that need a notebook. */
export function addGraphCommands(services: IServices, places: IPlaces): void {
  const { commands, trans, pipelines, state } = services;
  const analysis = () => pipelines.current?.analysis ?? null;
  const isEnabled = () => (analysis()?.steps.length ?? 0) > 0;
  commands.addCommand(CommandIDs.analyse, {
    label: trans.__('Look at the Notebook Again'),
    caption: trans.__('Also at files and modules beside it'),
    isEnabled: () => pipelines.current !== null,
    describedBy: describedBy({}),
    execute: () => pipelines.current?.refresh()
  });
  commands.addCommand(CommandIDs.explainEdge, {
    label: trans.__('Explain a Dependency…'),
    isEnabled,
    describedBy: describedBy({
      source: { type: 'string', description: trans.__('Id of a step') },
      target: { type: 'string', description: trans.__('Id of a step') }
    }),
    execute: async args => {
      const known = analysis();
      const edge = known && (await edgeAsked(known, args, services));
      if (edge) {
        places.show();
        state.explain({ source: edge.source, target: edge.target });
      }
    }
  });
  commands.addCommand(CommandIDs.exportGraph, {
    label: trans.__('Export the Graph…'),
    isEnabled,
    describedBy: describedBy({
      format: { type: 'string', enum: ['svg', 'mermaid'] }
    }),
    execute: async args => {
      const current = pipelines.current;
      const known = analysis();
      const format = await formatAsked(args, services);
      if (!current || !known || !format) {
        return;
      }
      const { exported } = await import('../graph/exporting');
      return exported(format, known, current.path, services);
    }
  });
}

/** The edge that is named, or else chosen from a list. */
async function edgeAsked(
  analysis: Analysis,
  args: Args,
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

async function formatAsked(
  args: Args,
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
