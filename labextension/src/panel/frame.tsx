/** The panel: title, run controls, parameters, tabs, and below what was selected. Loaded when it is first shown. */

import { ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import '../../style/panel.css';
import '../../style/runs.css';
import { RunControls } from '../runs/controls';
import { StepDrawer } from '../runs/drawer';
import { RunsView } from '../runs/view';
import type { INotebookPipeline } from '../tokens';
import {
  NoNotebook,
  NoServer,
  NoSteps,
  OtherLanguage,
  otherLanguage
} from './empty';
import { CloseButton, EdgePane, Neighbours } from './explanation';
import { useChanges, useName } from './hooks';
import { openMenu } from './menu';
import { ParametersForm } from './parametersForm';
import { ProblemsView } from './problems';
import { hasSteps } from './marks';
import { countOf } from './sorting';
import type { Tab } from './state';
import { StepsView } from './steps';
import { type ITab, Tabs } from './tabs';
import type { IServices, IViewProps } from './view';

const GraphView = React.lazy(async () => ({
  default: (await import('../graph/view')).GraphView
}));

export function Frame(props: { services: IServices }): JSX.Element {
  const { services } = props;
  const { pipelines, server } = services;
  useChanges(pipelines.currentChanged);
  useChanges(server.changed);
  const pipeline = pipelines.current;
  if (server.trouble && !server.capabilities) {
    return <NoServer services={services} />;
  }
  return pipeline ? (
    <Pipeline key={pipeline.panel.id} pipeline={pipeline} services={services} />
  ) : (
    <NoNotebook services={services} />
  );
}

function Pipeline(props: IViewProps): JSX.Element {
  const { pipeline, services } = props;
  const { server, state, trans } = services;
  useChanges(pipeline.changed);
  useChanges(state.changed);
  const language = otherLanguage(pipeline);
  const onSelect = (step: string | null) => state.select(step);
  if (language !== null) {
    return (
      <>
        <Head {...props} />
        <OtherLanguage message={language} services={services} />
      </>
    );
  }
  return (
    <>
      <Head {...props} />
      {server.otherVersion !== null && (
        <p
          className="nb2pipe-Notice"
          role="note"
          data-testid="nb2pipe-panel-version"
        >
          {trans.__(
            'The server runs nb2pipe %1, this page another version: load the page again, or start JupyterLab anew.',
            server.otherVersion
          )}
        </p>
      )}
      <RunControls
        pipeline={pipeline}
        selected={state.step}
        onSelect={onSelect}
      />
      <ParametersForm {...props} />
      <Trouble pipeline={pipeline} services={services} />
      <div className="nb2pipe-Body">
        <div className="nb2pipe-Views">
          <Views {...props} />
        </div>
        <Selected {...props} />
      </div>
    </>
  );
}

function Head(props: IViewProps): JSX.Element {
  const { pipeline, services } = props;
  const { trans } = services;
  const name = pipeline.path.split('/').pop() ?? '';
  return (
    <header className="nb2pipe-Head">
      <h2 title={pipeline.path}>{name.replace(/\.ipynb$/, '')}</h2>
      <span
        className="nb2pipe-Pending"
        data-pending={pipeline.isPending && !pipeline.trouble}
        title={
          pipeline.isPending ? trans.__('The notebook is being looked at') : ''
        }
      />
      <button
        type="button"
        className="nb2pipe-IconButton"
        aria-haspopup="menu"
        aria-label={trans.__('More')}
        title={trans.__('More')}
        data-testid="nb2pipe-panel-more"
        onClick={event => openMenu(services, event.currentTarget)}
      >
        <ellipsesIcon.react tag="span" />
      </button>
    </header>
  );
}

function Trouble(props: IViewProps): JSX.Element | null {
  const { pipeline, services } = props;
  const { trouble } = pipeline;
  return trouble ? (
    <div
      className="nb2pipe-Notice nb2pipe-mod-error"
      role="alert"
      data-testid="nb2pipe-panel-trouble"
    >
      <div>{trouble.message}</div>
      {trouble.hint && <div className="nb2pipe-Hint">{trouble.hint}</div>}
      <button
        type="button"
        className="nb2pipe-Link"
        onClick={() => void pipeline.refresh()}
      >
        {services.trans.__('Try again')}
      </button>
    </div>
  ) : null;
}

function Views(props: IViewProps): JSX.Element {
  const { pipeline, services } = props;
  const { state, trans } = services;
  const name = useName('nb2pipe-view');
  const problems = countOf(pipeline.analysis?.problems ?? []);
  const tabs: Array<ITab<Tab>> = [
    { id: 'graph', label: trans.__('Graph') },
    { id: 'steps', label: trans.__('Steps') },
    { id: 'runs', label: trans.__('Runs') },
    {
      id: 'problems',
      label: trans.__('Problems'),
      count: problems,
      countLabel: trans._n('%1 to look at', '%1 to look at', problems)
    }
  ];
  return (
    <Tabs
      name={name}
      label={trans.__('Views of the pipeline')}
      tabs={tabs}
      chosen={state.tab}
      choose={tab => (state.tab = tab)}
    >
      <View {...props} />
    </Tabs>
  );
}

function View(props: IViewProps): JSX.Element {
  const { pipeline, services } = props;
  const { state, trans } = services;
  const { analysis } = pipeline;
  if (state.tab === 'runs') {
    return (
      <RunsView
        pipeline={pipeline}
        selected={state.step}
        onSelect={step => state.select(step)}
      />
    );
  }
  if (!analysis) {
    return (
      <p className="nb2pipe-Nothing" role="status">
        {pipeline.trouble ? '' : trans.__('Looking at the notebook…')}
      </p>
    );
  }
  if (state.tab === 'problems') {
    return <ProblemsView {...props} />;
  }
  if (!hasSteps(pipeline)) {
    return <NoSteps services={services} />;
  }
  if (analysis.steps.length === 0) {
    return <Nothing {...props} />;
  }
  return state.tab === 'steps' ? (
    <StepsView {...props} />
  ) : (
    <React.Suspense
      fallback={<p className="nb2pipe-Nothing">{trans.__('Drawing…')}</p>}
    >
      <GraphView {...props} analysis={analysis} />
    </React.Suspense>
  );
}

/** Tags are there, and still no pipeline: problems say why. */
function Nothing(props: IViewProps): JSX.Element {
  const { state, trans } = props.services;
  return (
    <div className="nb2pipe-Nothing">
      <p>{trans.__('There is no pipeline yet: something is in the way.')}</p>
      <button
        type="button"
        className="nb2pipe-Link"
        onClick={() => (state.tab = 'problems')}
      >
        {trans.__('Show the problems')}
      </button>
    </div>
  );
}

/** What was selected in graph or list. It stays while the notebook changes, as long as it is there. */
function Selected(props: IViewProps): JSX.Element | null {
  const { pipeline, services } = props;
  const { state } = services;
  const step = state.tab === 'problems' ? null : state.step;
  if (step !== null && isStep(pipeline, step)) {
    return (
      <div className="nb2pipe-Drawer">
        <CloseButton
          label={services.trans.__('Close')}
          onClick={() => state.select(null)}
        />
        <StepDrawer
          pipeline={pipeline}
          selected={step}
          onSelect={id => state.select(id)}
        />
        <Neighbours {...props} step={step} />
      </div>
    );
  }
  const edge = pipeline.analysis?.edges.find(
    item =>
      item.source === state.edge?.source && item.target === state.edge.target
  );
  return edge ? (
    <div className="nb2pipe-Drawer">
      <EdgePane {...props} edge={edge} />
    </div>
  ) : null;
}

/** True for a step of the notebook or of the run that is shown. */
function isStep(pipeline: INotebookPipeline, id: string): boolean {
  return (
    pipeline.runs.step(id) !== undefined ||
    (pipeline.analysis?.steps ?? []).some(step => step.id === id)
  );
}
