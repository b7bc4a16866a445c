/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk replays: what the preview found, how far it is, what came of it. */
import { get, may, poll, post, segment, who } from './api.js';
import { ask, reasonField } from './dialog.js';
import { announce, h } from './dom.js';
import { list } from './list.js';
import {
    badge, button, card, cause, code, facts, link, note, route, routeWith, section, table, when,
} from './parts.js';
import { number, share, t, word } from './text.js';

const PAUSE_MS = 2000;
const ITEM_STATES = ['would_pass', 'would_fail', 'stale', 'done', 'failed', 'skipped'];

const countOf = (one, state) => one.counts?.[state] ?? 0;

/* Those that are through, whatever came of them. */
const through = (one) => countOf(one, 'done') + countOf(one, 'failed') + countOf(one, 'skipped');

/* Those that a run takes; what would fail stays as it is. */
const toRun = (one) => countOf(one, 'would_pass') +
    (one.options?.may_be_stale ? countOf(one, 'stale') : 0);

function progress(one) {
    if (one.state === 'collecting')
        return t('job.collected', { count: number(one.collected ?? 0) });
    const all = through(one) + toRun(one);
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
            { name: 'partner', label: t('field.partner') },
            { name: 'agency', label: t('field.agency') },
            { name: 'rate_per_s', label: t('job.rate'), type: 'number', min: 1, max: 100000,
                value: 200 },
            reasonField(),
        ],
        action: t('job.new.action'),
        send: async ({ from, to, partner, agency, rate_per_s: rate, reason }) => {
            const job = await post('jobs', { kind: 'republish',
                filter: { from: `${from}:00+07:00`, to: `${to}:00+07:00`, partner, agency },
                options: { rate_per_s: rate }, reason });
            location.hash = route('jobs', String(job.job));
            return job;
        },
    });
}

/* ---- one ---- */

const TILES = { would_pass: 'good', would_fail: 'bad', stale: 'warn', done: 'good', failed: 'bad',
    skipped: 'dim' };

function numbers(one, chosen) {
    return h('ul', { class: 'tiles' }, ITEM_STATES.map((state) => h('li', {
        class: `tile ${countOf(one, state) ? TILES[state] : ''}` },
    h('a', { href: routeWith(['jobs', String(one.job)], { state }),
        'aria-current': chosen === state && 'true' },
    h('b', {}, number(countOf(one, state))), h('span', {}, word('item', state))))));
}

async function act(view, name, question) {
    const done = await ask({ ...question,
        send: (given) => post(`jobs/${segment(view.params.job)}/${name}`, given) });
    if (!done)
        return;
    announce(t('done'));
    await view.again();
}

/* Giving up needs a reason; going on may have one. */
function reasonOf(name) {
    return name === 'cancel' ? reasonField()
        : { ...reasonField(), required: false, label: t('field.reason.maybe') };
}

function actions(view, one) {
    const { state } = one;
    const waits = state === 'previewed' && one.needs_approval && !one.approved_by;
    const offer = (name, kind) => button(t(`job.${name}`), () => act(view, name, {
        title: t(`job.${name}.title`, one), action: t(`job.${name}`), fields: [reasonOf(name)],
        text: name === 'run' ? t('job.run.text', { count: number(toRun(one)) })
            : name === 'approve' && [t('job.approve.text'), ruleOf(one)],
        isDanger: kind === 'danger' }), kind);
    return [
        waits && may('approve') && one.author !== who().user && offer('approve', 'primary'),
        may('repair') && [
            state === 'previewed' && !waits && offer('run', 'primary'),
            state === 'running' && offer('pause'),
            ['paused', 'stopped'].includes(state) && offer('resume', 'primary'),
            ['collecting', 'previewed', 'running', 'paused', 'stopped'].includes(state) &&
                offer('cancel', 'danger')],
    ];
}

function ruleOf(one) {
    const { rule } = one.options ?? {};
    return rule && h('p', {}, code(rule.path), ' ', h('del', {}, rule.from ?? '*'), ' → ',
        h('ins', {}, rule.to));
}

/* What a person has to do before it can run. */
function looking(one) {
    if (one.state !== 'previewed')
        return null;
    if (!one.needs_approval || one.approved_by)
        return h('p', { class: 'box warn' }, t('job.look'));
    return h('p', { class: 'box warn' },
        t(one.author === who().user ? 'job.approve.mine' : 'job.approve.waits'));
}

function optionFacts(one) {
    const options = one.options ?? {};
    const { rule } = options;
    return [
        [t('job.rate'), options.rate_per_s ? number(options.rate_per_s) : '–'],
        [t('job.stop'), options.stop_above_share === undefined ? '–'
            : share(options.stop_above_share, 1)],
        options.may_be_stale && [t('field.stale'), t('yes')],
        rule && [t('rule.title'), ruleOf(one)],
        one.approved_by && [t('revision.approver'), one.approved_by],
    ];
}

function subjectOf(one) {
    if (one.group)
        return link(route('failures', one.group), t('failure.title'), ' ', code(one.group));
    return one.selection ? t('job.selection', { count: number(one.selection.length) })
        : code(JSON.stringify(one.filter));
}

/* Causes of what does not pass; those in brackets are new. */
function causes(found) {
    return found?.length > 0 && table(t('job.causes'), [
        { label: t('failure.cause'), cell: cause },
        { label: t('failure.count'), number: true, cell: (one) => one.count },
        { label: t('job.newly'), number: true, cell: (one) => one.newly ?? 0 },
    ], found, { key: (one) => one.cause });
}

function preview(one) {
    return one.preview && section(t('job.preview'), facts([
        [t('failure.count'), number(one.preview.items)],
        [t('failure.oldest'), when(one.preview.oldest)],
        [t('item.would_pass'), number(one.preview.would_pass)],
        [t('job.still'), number(one.preview.still_fail)],
        [t('job.newly'), number(one.preview.newly_fail)],
        [t('item.stale'), number(one.preview.stale)],
    ]), causes(one.preview.causes));
}

function report(one) {
    return one.report && section(t('job.report'), facts(
        ['done', 'failed', 'skipped', 'stale', 'would_fail'].map((state) =>
            [word('item', state), number(one.report[state])])), causes(one.report.causes));
}

function about(one) {
    return section(t('job.about'), facts([
        [t('field.state'), badge(one.state, 'job')],
        one.why && [t('field.detail'), one.why],
        [t('job.how'), progress(one)],
        [t('failure.kind'), t(`kind.${one.kind}`)],
        [t('job.filter'), subjectOf(one)],
        ...optionFacts(one),
        [t('job.author'), one.author],
        [t('field.reason'), one.reason],
        [t('field.at'), when(one.made_at)],
        one.started_at && [t('job.started'), when(one.started_at)],
        one.ended_at && [t('job.ended'), when(one.ended_at)],
    ]));
}

const subjectLink = (one) => (one.receipt ? link(route('entries', one.receipt), one.receipt)
    : link(route('deliveries', one.delivery), one.delivery));

const itemColumns = () => [
    { label: t('job.item'), cell: subjectLink },
    { label: t('field.state'), cell: (one) => badge(one.state, 'item') },
    { label: t('field.due'), cell: (one) => when(one.due_at) },
    { label: t('field.cause'), cell: (one) => [cause(one), one.newly && badge('new', 'item')] },
];

/* Of republishing: how far each partition is. */
const partColumns = () => [
    { label: t('job.partition'), number: true, cell: (one) => one.partition },
    { label: t('job.offsets'), cell: (one) => `${number(one.from)} – ${number(one.to)}` },
    { label: t('job.sent'), number: true, cell: (one) => one.sent },
    { label: t('job.expected'), number: true, cell: (one) => one.expected },
    { label: t('failure.oldest'), cell: (one) => when(one.oldest) },
    { label: t('field.state'), cell: (one) => badge(one.state, 'item') },
];

function itemList(view, kind, redraw) {
    return list(view, {
        label: t('job.items'),
        path: `jobs/${segment(view.params.job)}/items`,
        query: { state: view.query.get('state') },
        columns: kind === 'republish' ? partColumns() : itemColumns(),
        key: (one) => one.receipt ?? one.delivery ?? one.partition,
        draw: redraw,
    });
}

const isMoving = (one) => ['collecting', 'running'].includes(one.state);

export async function job(view) {
    const path = `jobs/${segment(view.params.job)}`;
    let one = await get(path, null, { signal: view.signal });
    let part = [];
    const items = itemList(view, one.kind, (fresh) => {
        part = fresh;
        draw();
    });
    function draw() {
        view.actions = actions(view, one);
        view.draw(t('job.one', one), link('#/jobs', t('job.back')), looking(one),
            one.kind !== 'republish' && numbers(one, view.query.get('state')), report(one),
            preview(one), about(one), section(t('job.items'), part));
    }
    await items.load();
    view.every(PAUSE_MS, async () => {
        if (!isMoving(one))
            return;
        const before = one.state;
        one = (await poll(path, null, view.signal)).data;
        if (one.state !== before)
            announce(`${t('job.one', one)}: ${word('job', one.state)}`);
        await items.renew();
    });
}
