/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk replays: what the preview found, how far it is, what came of it. */
import { get, may, poll, post, segment } from './api.js';
import { ask, reasonField } from './dialog.js';
import { announce, h } from './dom.js';
import { list } from './list.js';
import {
    badge, button, card, code, facts, link, note, route, routeWith, section, when,
} from './parts.js';
import { number, share, t, word } from './text.js';

const PAUSE_MS = 2000;
const ITEM_STATES = ['pending', 'would_pass', 'would_fail', 'stale', 'done', 'failed', 'skipped'];
const lower = (text) => String(text ?? '').toLowerCase();

const countOf = (one, state) => one.counts?.[state] ?? one.counts?.[state.toUpperCase()] ?? 0;
const total = (one) => ITEM_STATES.reduce((sum, state) => sum + countOf(one, state), 0);

/* Those that are through, whatever came of them. */
const through = (one) => countOf(one, 'done') + countOf(one, 'failed') + countOf(one, 'skipped');

function progress(one) {
    const all = total(one);
    const label = t('job.progress', { done: number(through(one)), all: number(all),
        share: share(through(one), all) });
    return h('div', { class: 'progress' },
        h('progress', { max: Math.max(1, all), value: through(one), 'aria-label': t('job.how') }),
        h('span', {}, label));
}

export async function jobs(view) {
    const found = list(view, {
        label: t('menu.jobs'),
        path: 'jobs',
        columns: [
            { label: t('job.number'), cell: (one) => link(route('jobs', String(one.job)),
                t('job.one', one)) },
            { label: t('field.state'), cell: (one) => badge(one.state, 'job') },
            { label: t('failure.kind'), cell: (one) => t(`kind.${one.kind}`) },
            { label: t('job.how'), cell: progress },
            { label: t('job.author'), cell: (one) => one.author },
            { label: t('field.reason'), cell: (one) => one.reason },
            { label: t('field.at'), cell: (one) => when(one.made_at) },
        ],
        key: (one) => one.job,
        empty: t('job.none'),
        draw: (part) => view.draw(t('menu.jobs'), note(t('job.text')), card(part)),
    });
    view.actions = may('repair') && [button(t('job.republish'), republish)];
    await found.load();
}

/* Events that a consumer lost, once more out of what Kafka still has. */
function republish() {
    return ask({
        title: t('job.republish'),
        text: t('job.republish.text'),
        fields: [
            { name: 'from', label: t('search.from'), type: 'datetime-local', required: true },
            { name: 'to', label: t('search.to'), type: 'datetime-local', required: true },
            { name: 'dossier', label: t('field.dossier') },
            { name: 'rate_per_s', label: t('job.rate'), type: 'number', min: 1, max: 100000,
                value: 200 },
            reasonField(),
        ],
        action: t('job.new.action'),
        send: async ({ from, to, dossier, rate_per_s: rate, reason }) => {
            const job = await post('jobs', { kind: 'republish',
                filter: { from: `${from}:00+07:00`, to: `${to}:00+07:00`, dossier },
                options: { rate_per_s: rate }, reason });
            location.hash = route('jobs', String(job.job));
            return job;
        },
    });
}

/* ---- one ---- */

const TILES = { would_pass: 'good', would_fail: 'bad', stale: 'warn', done: 'good', failed: 'bad',
    pending: 'calm', skipped: 'dim' };

function numbers(one, chosen) {
    return h('ul', { class: 'tiles' }, ITEM_STATES.map((state) => h('li', {
        class: `tile ${countOf(one, state) ? TILES[state] : ''}` },
    h('a', { href: routeWith(['jobs', String(one.job)], { state }),
        'aria-current': chosen === state && 'true' },
    h('b', {}, number(countOf(one, state))), h('span', {}, word('item', state))))));
}

async function act(view, name, question) {
    const done = await ask({ fields: [reasonField()], ...question,
        send: (given) => post(`jobs/${segment(view.params.job)}/${name}`, given) });
    if (!done)
        return;
    announce(t('done'));
    await view.again();
}

function actions(view, one) {
    if (!may('repair'))
        return [];
    const state = lower(one.state);
    const offer = (name, kind) => button(t(`job.${name}`), () => act(view, name, {
        title: t(`job.${name}.title`, one), action: t(`job.${name}`),
        text: name === 'run' && t('job.run.text', { count: number(total(one)) }),
        isDanger: kind === 'danger' }), kind);
    return [
        state === 'previewed' && offer('run', 'primary'),
        state === 'running' && offer('pause'),
        ['paused', 'stopped'].includes(state) && offer('resume', 'primary'),
        ['collecting', 'previewed', 'running', 'paused', 'stopped'].includes(state) &&
            offer('cancel', 'danger'),
    ];
}

function optionFacts(one) {
    const options = one.options ?? {};
    const { rule } = options;
    return [
        [t('job.rate'), options.rate_per_s ? number(options.rate_per_s) : '–'],
        [t('job.stop'), options.stop_above_share === undefined ? '–'
            : share(options.stop_above_share, 1)],
        options.may_be_stale && [t('field.stale'), t('yes')],
        rule && [t('rule.title'), code(rule.path), ' ', h('del', {}, rule.from ?? '*'), ' → ',
            h('ins', {}, rule.to)],
    ];
}

function about(one) {
    return section(t('job.about'), facts([
        [t('field.state'), badge(one.state, 'job')],
        one.detail && [t('field.detail'), one.detail],
        [t('job.how'), progress(one)],
        [t('failure.kind'), t(`kind.${one.kind}`)],
        [t('job.filter'), code(typeof one.filter === 'string' ? one.filter
            : JSON.stringify(one.filter ?? one.group ?? one.selection))],
        ...optionFacts(one),
        [t('job.author'), one.author],
        [t('field.reason'), one.reason],
        [t('field.at'), when(one.made_at)],
        one.started_at && [t('job.started'), when(one.started_at)],
        one.ended_at && [t('job.ended'), when(one.ended_at)],
    ]));
}

const subjectLink = (one) => {
    const name = one.receipt ?? one.delivery ?? String(one.subject);
    return one.receipt ? link(route('entries', one.receipt), name)
        : one.delivery ? link(route('deliveries', one.delivery), name) : name;
};

function itemList(view, redraw) {
    return list(view, {
        label: t('job.items'),
        path: `jobs/${segment(view.params.job)}/items`,
        query: { state: view.query.get('state') },
        columns: [
            { label: t('job.item'), cell: subjectLink },
            { label: t('field.state'), cell: (one) => badge(one.state, 'item') },
            { label: t('field.due'), cell: (one) => when(one.due_at) },
            { label: t('field.detail'), cell: (one) => one.cause_text ?? one.detail ?? '–' },
        ],
        key: (one) => one.receipt ?? one.delivery ?? one.subject,
        draw: redraw,
    });
}

const isMoving = (one) => ['collecting', 'running'].includes(lower(one.state));

export async function job(view) {
    const path = `jobs/${segment(view.params.job)}`;
    let one = await get(path, null, { signal: view.signal });
    let part = [];
    const items = itemList(view, (fresh) => {
        part = fresh;
        draw();
    });
    function draw() {
        view.actions = actions(view, one);
        view.draw(t('job.one', one), link('#/jobs', t('job.back')),
            lower(one.state) === 'previewed' && h('p', { class: 'box warn' }, t('job.look')),
            numbers(one, view.query.get('state')), about(one), section(t('job.items'), part));
    }
    await items.load();
    view.every(PAUSE_MS, async () => {
        if (!isMoving(one))
            return;
        const before = lower(one.state);
        one = (await poll(path, null, view.signal)).data;
        if (lower(one.state) !== before)
            announce(`${t('job.one', one)}: ${word('job', lower(one.state))}`);
        items.items.length = 0;
        await items.load();
    });
}
