import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { News } from '../wire';
import {
  type Admission,
  Follower,
  type IFollowing,
  type INewsSource,
  Turns
} from './live';

function news(next: number, live: boolean): News {
  return { view: { next, live }, printed: [] } as unknown as News;
}

function failure(status: number): Error {
  return Object.assign(new Error(), { status });
}

function message(item: News): string {
  return `event: news\nid: ${item.view.next}\ndata: ${JSON.stringify(item)}\n\n`;
}

/** Answers each question with the next of `answers`: text of a stream, or what it throws; notes what was asked. */
function source(answers: Array<string | Error | News>): {
  asked: string[];
  source: INewsSource;
} {
  const asked: string[] = [];
  const next = (kind: string, after: number): string | News => {
    asked.push(`${kind} ${after}`);
    const answer = answers.shift() ?? failure(404);
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  };
  return {
    asked,
    source: {
      stream: after =>
        attempt(() => new Response(next('stream', after) as string)),
      news: after => attempt(() => next('news', after) as News)
    }
  };
}

/** What `act` gives or throws, as an answer that comes later. */
function attempt<T>(act: () => T): Promise<T> {
  return new Promise(resolve => resolve(act()));
}

async function followed(
  answers: Array<string | Error | News>,
  admit?: Admission
): Promise<{ asked: string[]; told: number[]; troubles: unknown[] }> {
  const { asked, source: from } = source(answers);
  const told: number[] = [];
  const troubles: unknown[] = [];
  const follower = new Follower(
    from,
    0,
    item => told.push(item.view.next),
    reason => reason !== null && troubles.push(reason),
    admit
  );
  while (!follower.isDisposed) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  return { asked, told, troubles };
}

const broken = (): Error => new Error('no answer');

test('follow: to the end of a run', async () => {
  const text =
    message(news(3, true)) + ': still here\n\n' + message(news(7, false));
  deepEqual(await followed([text]), {
    asked: ['stream 0'],
    told: [3, 7],
    troubles: []
  });
});

test('follow: a stream that breaks is taken up where it was, in silence', async () => {
  const found = await followed([
    message(news(3, true)),
    message(news(9, false))
  ]);
  deepEqual(found, {
    asked: ['stream 0', 'stream 3'],
    told: [3, 9],
    troubles: []
  });
});

test('follow: after streams that give nothing the server is polled', async () => {
  const found = await followed([
    broken(),
    broken(),
    broken(),
    news(4, true),
    news(8, false)
  ]);
  deepEqual(found.asked, [
    'stream 0',
    'stream 0',
    'stream 0',
    'news 0',
    'news 4'
  ]);
  deepEqual(found.told, [4, 8]);
  equal(found.troubles.length, 2);
});

test('follow: a server with too many streams is polled at once', async () => {
  const found = await followed([failure(429), news(2, false)]);
  deepEqual(found.asked, ['stream 0', 'news 0']);
});

test('follow: a run that is gone is not asked for again', async () => {
  const gone = failure(404);
  const found = await followed([gone]);
  deepEqual(found, { asked: ['stream 0'], told: [], troubles: [gone] });
});

test('follow: where other windows hold all streams, the server is polled in silence', async () => {
  const found = await followed([news(5, false)], () => Promise.resolve(null));
  deepEqual(found, { asked: ['news 0'], told: [5], troubles: [] });
});

test('follow: what was admitted is given back', async () => {
  let held = 0;
  await followed([message(news(5, false))], () => {
    held += 1;
    return Promise.resolve(() => {
      held -= 1;
    });
  });
  await new Promise(resolve => setTimeout(resolve, 10));
  equal(held, 0);
});

test('turns: the last who wants, none while the window is hidden', () => {
  const events = new EventTarget();
  const page = Object.assign(events, { hidden: false });
  const turns = new Turns(page as unknown as Document);
  const told: string[] = [];
  const follower = (name: string): IFollowing => ({
    setTurn: isMine => told.push(`${name} ${isMine}`)
  });
  const [a, b] = [follower('a'), follower('b')];
  turns.want(a, true);
  turns.want(b, true);
  turns.want(a, true);
  turns.want(b, false);
  page.hidden = true;
  events.dispatchEvent(new Event('visibilitychange'));
  page.hidden = false;
  events.dispatchEvent(new Event('visibilitychange'));
  turns.want(a, false);
  deepEqual(told, [
    'a true',
    'a false',
    'b true',
    'b false',
    'a true',
    'a false',
    'a true',
    'a false'
  ]);
});
