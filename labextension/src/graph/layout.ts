/** Steps and edges in, places and lines out: a layered drawing. The same structure is drawn the same, without work. */

import { Graph, layout } from '@dagrejs/dagre';

import type { Analysis } from '../wire';

export type Direction = 'down' | 'right';

export interface IPoint {
  readonly x: number;
  readonly y: number;
}

/** A step's box: its upper left corner and its size. */
export interface IBox extends IPoint {
  readonly width: number;
  readonly height: number;
}

/** `boxes` by step id; `lines` by `lineId`: the points that an edge goes through, its ends on the boxes. */
export interface IDrawing {
  readonly boxes: ReadonlyMap<string, IBox>;
  readonly lines: ReadonlyMap<string, readonly IPoint[]>;
  readonly width: number;
  readonly height: number;
}

export type Structure = Pick<Analysis, 'steps' | 'edges'>;

export const BOX_HEIGHT = 44;
const LEAST_WIDTH = 112;
const MOST_WIDTH = 240;
/** Of a character of the name, in pixels; a guess that errs on the wide side. */
const CHARACTER = 7.2;
/** What stands beside the name: bar, icon, time, paddings. */
const AROUND = 76;

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

/** How wide a step's box is, by its name. */
export function boxWidth(name: string): number {
  let units = 0;
  for (const character of name) {
    units += WIDE.test(character) ? 2 : 1;
  }
  const width = Math.round(units * CHARACTER + AROUND);
  return Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, width));
}

/** The name of an edge within a drawing: there is one from a step to another. */
export function lineId(edge: { source: string; target: string }): string {
  return `${edge.source} ${edge.target}`;
}

/** What a drawing depends on, and nothing else: states, options and reasons come and go without moving a box. */
export function structureKey(
  structure: Structure,
  direction: Direction
): string {
  return JSON.stringify([
    direction,
    structure.steps.map(step => [step.id, boxWidth(step.name)]),
    structure.edges.map(edge => [edge.source, edge.target])
  ]);
}

const KEPT = 12;
const known = new Map<string, IDrawing>();

/** The drawing of a structure; the last few are kept. */
export function drawingOf(
  structure: Structure,
  direction: Direction
): IDrawing {
  const key = structureKey(structure, direction);
  const drawn = known.get(key);
  if (drawn) {
    return drawn;
  }
  const drawing = draw(structure, direction);
  known.set(key, drawing);
  for (const old of known.keys()) {
    if (known.size <= KEPT) {
      break;
    }
    known.delete(old);
  }
  return drawing;
}

function draw(structure: Structure, direction: Direction): IDrawing {
  const graph = new Graph();
  graph.setGraph({
    rankdir: direction === 'down' ? 'TB' : 'LR',
    nodesep: 12,
    edgesep: 10,
    ranksep: direction === 'down' ? 32 : 44
  });
  for (const step of structure.steps) {
    graph.setNode(step.id, { width: boxWidth(step.name), height: BOX_HEIGHT });
  }
  const ends = new Set(structure.steps.map(step => step.id));
  for (const edge of structure.edges) {
    if (ends.has(edge.source) && ends.has(edge.target)) {
      graph.setEdge(edge.source, edge.target, {});
    }
  }
  layout(graph);
  return read(graph, structure, direction);
}

/** dagre's nodes are placed by their middles. */
function read(
  graph: Graph,
  structure: Structure,
  direction: Direction
): IDrawing {
  const boxes = new Map<string, IBox>();
  for (const step of structure.steps) {
    const node = graph.node(step.id) as IBox;
    const { width, height } = node;
    const corner = { x: node.x - width / 2, y: node.y - height / 2 };
    boxes.set(step.id, { ...corner, width, height });
  }
  const lines = new Map<string, readonly IPoint[]>();
  for (const edge of structure.edges) {
    const line = graph.edge(edge.source, edge.target) as
      { points?: IPoint[] } | undefined;
    const source = boxes.get(edge.source);
    const target = boxes.get(edge.target);
    if (line?.points && source && target) {
      const [, ...inner] = line.points.slice(0, -1);
      const last = line.points.length - 1;
      lines.set(lineId(edge), [
        docked(line.points[0], source, direction, 1),
        ...inner,
        docked(line.points[last], target, direction, 0)
      ]);
    }
  }
  const size = graph.graph() as { width?: number; height?: number };
  return { boxes, lines, width: size.width ?? 0, height: size.height ?? 0 };
}

/** How far from a corner a line may leave or arrive. */
const CORNER = 12;

/** dagre lets lines end anywhere on a box, aiming at its middle; ours end on the side that faces their way (`far` 0 or 1). */
function docked(
  point: IPoint | undefined,
  box: IBox,
  direction: Direction,
  far: 0 | 1
): IPoint {
  const { x, y, width, height } = box;
  const between = (value: number, from: number, size: number): number =>
    Math.max(from + CORNER, Math.min(from + size - CORNER, value));
  return direction === 'down'
    ? { x: between(point?.x ?? x, x, width), y: y + far * height }
    : { x: x + far * width, y: between(point?.y ?? y, y, height) };
}

/** A smooth line through points, leaving and arriving along the direction of the drawing; as the `d` of a path. */
export function pathOf(
  points: readonly IPoint[],
  direction: Direction
): string {
  const [first, ...rest] = points;
  if (!first) {
    return '';
  }
  const found = [`M${at(first)}`];
  let from = first;
  for (const to of rest) {
    const middle =
      direction === 'down' ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    const bends =
      direction === 'down'
        ? [
            { x: from.x, y: middle },
            { x: to.x, y: middle }
          ]
        : [
            { x: middle, y: from.y },
            { x: middle, y: to.y }
          ];
    found.push(`C${[...bends, to].map(at).join(' ')}`);
    from = to;
  }
  return found.join(' ');
}

const HEAD = 7;

/** The same line, with room for its head. */
export function shortened(
  points: readonly IPoint[],
  direction: Direction
): readonly IPoint[] {
  const last = points[points.length - 1];
  return last
    ? [...points.slice(0, -1), moved(last, direction, -HEAD, 0)]
    : points;
}

/** The head of a line: a triangle whose tip is the line's end; as the `d` of a path. */
export function headOf(
  points: readonly IPoint[],
  direction: Direction
): string {
  const tip = points[points.length - 1];
  if (!tip) {
    return '';
  }
  const left = moved(tip, direction, -HEAD, -HEAD / 2);
  const right = moved(tip, direction, -HEAD, HEAD / 2);
  return `M${at(tip)} L${at(left)} L${at(right)} Z`;
}

/** A point some way along the direction of the drawing, and across it. */
function moved(
  point: IPoint,
  direction: Direction,
  along: number,
  across: number
): IPoint {
  return direction === 'down'
    ? { x: point.x + across, y: point.y + along }
    : { x: point.x + along, y: point.y + across };
}

function at(point: IPoint): string {
  return `${round(point.x)} ${round(point.y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The point in the middle of a line's way, where its label goes. */
export function middleOf(points: readonly IPoint[]): IPoint {
  const place = (points.length - 1) / 2;
  const before = points[Math.floor(place)];
  const after = points[Math.ceil(place)];
  return before && after
    ? { x: (before.x + after.x) / 2, y: (before.y + after.y) / 2 }
    : { x: 0, y: 0 };
}

/** Where an arrow key leads. */
export type Arrow = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight';

/**
 * The step to go to from `step` by an arrow key; null at the rim. Along the drawing: the nearest of the next row, aside
 * counting little; across it: the neighbour in the same row.
 */
export function nearest(
  drawing: IDrawing,
  step: string,
  arrow: Arrow,
  direction: Direction
): string | null {
  const box = drawing.boxes.get(step);
  if (!box) {
    return null;
  }
  const isDown = arrow === 'ArrowUp' || arrow === 'ArrowDown';
  const isAlong = isDown === (direction === 'down');
  const from = centre(box);
  let best: string | null = null;
  let least = Infinity;
  for (const [id, other] of drawing.boxes) {
    const to = centre(other);
    const [ahead, aside] = way(arrow, to.x - from.x, to.y - from.y);
    const far = isAlong ? 3 * ahead + Math.abs(aside) : ahead;
    const counts = isAlong || Math.abs(aside) < BOX_HEIGHT / 2;
    if (id !== step && ahead > 1 && counts && far < least) {
      [best, least] = [id, far];
    }
  }
  return best;
}

function centre(box: IBox): IPoint {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

function way(arrow: Arrow, x: number, y: number): [number, number] {
  switch (arrow) {
    case 'ArrowUp':
      return [-y, x];
    case 'ArrowDown':
      return [y, x];
    case 'ArrowLeft':
      return [-x, y];
    case 'ArrowRight':
      return [x, y];
  }
}
