/** A pipeline in, its drawing out: loaded when a graph is first shown. States change in place; only structure moves boxes. */

import '../../style/graph.css';

import {
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow
} from '@xyflow/react';
import * as React from 'react';

import { coloursOf } from '../colours';
import { useChanges } from '../panel/hooks';
import type { IViewProps } from '../panel/view';
import type { Analysis } from '../wire';
import { StepEdge } from './edge';
import { elementsOf } from './elements';
import {
  type Arrow,
  type Direction,
  type IDrawing,
  drawingOf,
  nearest
} from './layout';
import { GraphContext, StepNode } from './node';

const NODE_TYPES = { step: StepNode };
const EDGE_TYPES = { line: StepEdge };
const FIT = { maxZoom: 1, minZoom: 0.5, margin: 14 };
/** From here on only what is on the screen is in the page. */
const MANY = 60;

type GraphProps = IViewProps & { analysis: Analysis };

export function GraphView(props: GraphProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

function Flow(props: GraphProps): JSX.Element {
  const { analysis, pipeline, services } = props;
  const { state, settings, trans } = services;
  useChanges(state.changed);
  useChanges(settings.changed);
  const flow = useReactFlow();
  const [focused, setFocused] = React.useState<string | null>(null);
  const direction: Direction = settings.current.graphDirection;
  const drawing = drawingOf(analysis, direction);
  const { nodes, edges } = React.useMemo(
    () => elementsOf(analysis, drawing, direction),
    [analysis, drawing, direction]
  );
  const place = React.useRef<HTMLDivElement>(null);
  useFit(place, drawing, pipeline.path, props);
  const active =
    focused !== null && drawing.boxes.has(focused)
      ? focused
      : state.step !== null && drawing.boxes.has(state.step)
        ? state.step
        : (analysis.steps[0]?.id ?? null);

  const go = (id: string) => {
    setFocused(id);
    const box = drawing.boxes.get(id);
    const area = place.current?.getBoundingClientRect();
    if (box && area && !isVisible(box, flow.getViewport(), area)) {
      const zoom = flow.getZoom();
      void flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, {
        zoom
      });
    }
    focusSoon(place.current, id);
  };
  const context = React.useMemo(
    () => ({
      pipeline,
      services,
      active,
      direction,
      colours: coloursOf(analysis)
    }),
    [pipeline, services, active, direction, analysis]
  );
  const onKeyDown = (event: React.KeyboardEvent) => {
    const isArrow = /^Arrow(Up|Down|Left|Right)$/.test(event.key);
    const isOnStep =
      event.target instanceof Element && event.target.closest('[data-step]');
    if (isArrow && active !== null && isOnStep) {
      event.preventDefault();
      event.stopPropagation();
      const next = nearest(drawing, active, event.key as Arrow, direction);
      if (next !== null) {
        go(next);
      }
    }
  };
  return (
    <GraphContext.Provider value={context}>
      <div
        ref={place}
        className="nb2pipe-Graph"
        data-testid="nb2pipe-graph-view"
        role="group"
        aria-label={trans.__(
          'Graph of the steps: arrow keys go along, Enter goes to the cell'
        )}
        onKeyDown={onKeyDown}
        onFocus={event => {
          const step = event.target.closest<HTMLElement>('[data-step]');
          setFocused(step?.dataset['step'] ?? focused);
        }}
      >
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          zoomOnDoubleClick={false}
          panOnScroll
          minZoom={0.1}
          maxZoom={1.5}
          onlyRenderVisibleElements={nodes.length > MANY}
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          onPaneClick={() => state.select(null)}
          onEdgeClick={(_, edge) =>
            state.explain({ source: edge.source, target: edge.target })
          }
          onMoveEnd={(event, viewport) =>
            event && state.setViewport(pipeline.path, viewport)
          }
        >
          <Panel position="bottom-right">
            <Zoom {...props} />
          </Panel>
        </ReactFlow>
      </div>
    </GraphContext.Provider>
  );
}

/** Show all of a graph when it is first shown and when its shape changes; later the user's own place is kept. */
function useFit(
  place: React.RefObject<HTMLDivElement>,
  drawing: ReturnType<typeof drawingOf>,
  path: string,
  props: IViewProps
): void {
  const flow = useReactFlow();
  const { state } = props.services;
  React.useEffect(() => {
    const kept = state.viewport(path);
    if (kept) {
      void flow.setViewport(kept);
    } else {
      clamp(flow, drawing, place.current);
    }
  }, [flow, path, drawing, place, state]);
  React.useEffect(() => {
    const node = place.current;
    if (!node) {
      return;
    }
    const observer = new ResizeObserver(() => {
      if (!state.viewport(path)) {
        clamp(flow, drawing, node);
      }
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [flow, path, drawing, place, state]);
}

/** At most life size, not too small to be read. What does not fit then is shown from its first step on. */
function clamp(
  flow: ReturnType<typeof useReactFlow>,
  drawing: IDrawing,
  node: HTMLElement | null
): void {
  const area = node?.getBoundingClientRect();
  const [first] = drawing.boxes.values();
  if (!area?.width || !area.height || !first) {
    return;
  }
  const fits = Math.min(
    (area.width - 2 * FIT.margin) / drawing.width,
    (area.height - 2 * FIT.margin) / drawing.height
  );
  const zoom = Math.max(FIT.minZoom, Math.min(FIT.maxZoom, fits));
  const placed = (
    room: number,
    size: number,
    middle: number,
    free: number
  ): number =>
    size * zoom + 2 * FIT.margin <= room + 1
      ? free
      : Math.min(FIT.margin, room / 2 - middle * zoom);
  void flow.setViewport({
    x: placed(
      area.width,
      drawing.width,
      first.x + first.width / 2,
      (area.width - drawing.width * zoom) / 2
    ),
    y: placed(
      area.height,
      drawing.height,
      first.y + first.height / 2,
      FIT.margin
    ),
    zoom
  });
}

function isVisible(
  box: { x: number; y: number; width: number; height: number },
  viewport: { x: number; y: number; zoom: number },
  area: DOMRect
): boolean {
  const left = box.x * viewport.zoom + viewport.x;
  const top = box.y * viewport.zoom + viewport.y;
  return (
    left >= 0 &&
    top >= 0 &&
    left + box.width * viewport.zoom <= area.width &&
    top + box.height * viewport.zoom <= area.height
  );
}

/** A step that was off the screen is in the page only after the next frames. */
function focusSoon(node: HTMLElement | null, id: string, tries = 5): void {
  const step = node?.querySelector<HTMLElement>(
    `[data-step="${CSS.escape(id)}"]`
  );
  if (step) {
    step.focus();
  } else if (tries > 0) {
    requestAnimationFrame(() => focusSoon(node, id, tries - 1));
  }
}

function Zoom(props: GraphProps): JSX.Element {
  const { analysis, pipeline, services } = props;
  const { trans, state, settings } = services;
  const flow = useReactFlow();
  const fit = () => {
    state.setViewport(pipeline.path, null);
    const node = document.activeElement?.closest<HTMLElement>('.nb2pipe-Graph');
    clamp(
      flow,
      drawingOf(analysis, settings.current.graphDirection),
      node ?? null
    );
  };
  const zoomBy = (factor: number) =>
    void flow.zoomTo(flow.getZoom() * factor).then(() => {
      state.setViewport(pipeline.path, flow.getViewport());
    });
  return (
    <div
      className="nb2pipe-Zoom"
      role="group"
      aria-label={trans.__('Size of the graph')}
    >
      <ZoomButton
        label={trans.__('Smaller')}
        path="M3.5 8h9"
        onClick={() => zoomBy(1 / 1.25)}
      />
      <ZoomButton
        label={trans.__('Larger')}
        path="M3.5 8h9M8 3.5v9"
        onClick={() => zoomBy(1.25)}
      />
      <ZoomButton
        label={trans.__('Show all')}
        path="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"
        onClick={fit}
      />
    </div>
  );
}

function ZoomButton(props: {
  label: string;
  path: string;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="nb2pipe-IconButton"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d={props.path} />
      </svg>
    </button>
  );
}
