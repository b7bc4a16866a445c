/* SPDX-License-Identifier: Apache-2.0 */
/* Finding entries.  What is looked for stands in the address, so that it can be kept and sent. */
import { get, may, post } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { newJob } from './job_form.js';
import { list } from './list.js';
import {
    badge, button, causeNow, due, field, link, route, routeWith, section, values, when,
} from './parts.js';
import { t, word } from './text.js';

const TEXTS = ['dossier', 'alias', 'receipt', 'partner', 'agency', 'procedure', 'cause'];
const STATES = ['accepted', 'published', 'parked', 'dead', 'discarded'];
const TYPES = ['SUBMITTED', 'RECEIVED', 'INTAKE_REFUSED', 'HANDED_OFF', 'HANDOFF_ACCEPTED',
    'HANDOFF_RETURNED', 'HANDOFF_RECALLED', 'STEP_RECORDED', 'SUPPLEMENT_REQUESTED', 'SUPPLEMENTED',
    'FINANCIAL_OBLIGATION_RAISED', 'FINANCIAL_OBLIGATION_SETTLED', 'SUSPENDED', 'RESUMED', 'STOPPED',
    'WITHDRAWN', 'RESOLVED', 'RESULT_RETURNED', 'DUE_DATE_CHANGED', 'APOLOGY_ISSUED', 'OVERDUE',
    'CORRECTED', 'SNAPSHOT'];
const NAMES = [...TEXTS, 'type', 'state', 'due', 'from', 'to', 'order'];

/** What stands in the address, as the call wants it. */
function filterOf(view) {
    const pairs = NAMES.map((name) => [name, view.query.get(name) ?? '']);
    return Object.fromEntries(pairs.filter(([, value]) => value));
}

function choice(group, codes) {
    return [['', t('search.any')], ...codes.map((one) => [one, word(group, one)])];
}

function fields(filter) {
    return [
        ...TEXTS.map((name) => field({ name, label: t(`field.${name}`), value: filter[name],
            most: 200 })),
        field({ name: 'type', label: t('field.type'), type: 'select', value: filter.type,
            options: choice('type', TYPES) }),
        field({ name: 'state', label: t('field.state'), type: 'select', value: filter.state,
            options: choice('state', STATES) }),
        field({ name: 'due', label: t('field.due'), type: 'select', value: filter.due,
            options: choice('due', ['overdue', 'today']) }),
        field({ name: 'from', label: t('search.from'), type: 'date', value: filter.from }),
        field({ name: 'to', label: t('search.to'), type: 'date', value: filter.to }),
        field({ name: 'order', label: t('search.order'), type: 'select', value: filter.order,
            options: [['', t('search.newest')], ['oldest', t('search.oldest')]] }),
    ];
}

function go(filter) {
    const to = routeWith(['search'], filter);
    if (location.hash === to)
        window.dispatchEvent(new HashChangeEvent('hashchange')); /* asked once more */
    else
        location.hash = to;
}

function form(filter) {
    const node = h('form', { class: 'filter', role: 'search', 'aria-label': t('menu.search') },
        h('div', { class: 'fields' }, fields(filter)),
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: 'primary' }, t('search.action')),
            link('#/search', t('search.clear'))));
    node.onsubmit = (event) => {
        event.preventDefault();
        go(values(node));
    };
    return node;
}

/* ---- saved ones ---- */

async function forget(view, name) {
    try {
        await post('filters', { name, filter: null });
        await view.again();
    } catch (error) {
        view.fail(error);
    }
}

function saved(view, filters, filter) {
    return h('div', { class: 'saved' }, h('span', { id: 'saved' }, t('search.saved')),
        filters.length
            ? h('ul', { 'aria-labelledby': 'saved' }, filters.map((one) =>
                h('li', {}, link(routeWith(['search'], one.filter ?? {}), one.name),
                    h('button', { type: 'button', class: 'quiet',
                        'aria-label': t('search.forget', one),
                        onclick: () => forget(view, one.name) }, '×'))))
            : h('span', {}, t('search.saved.none')),
        button(t('search.save'), () => save(view, filter), 'quiet'));
}

async function save(view, filter) {
    const done = await ask({
        title: t('search.save'),
        text: t('search.save.text'),
        fields: [{ name: 'name', label: t('search.name'), required: true, most: 80 }],
        action: t('dialog.save'),
        send: ({ name }) => post('filters', { name, filter }),
    });
    if (done)
        view.again();
}

/* ---- what was found ---- */

const columns = () => [
    { label: t('field.dossier'), cell: (one) => link(route('entries', one.receipt),
        one.dossier ?? one.receipt) },
    { label: t('field.state'), cell: (one) => badge(one.state) },
    { label: t('field.type'), cell: (one) => word('type', one.event_type) },
    { label: t('field.partner'), cell: (one) => one.partner ?? '–' },
    { label: t('field.received'), cell: (one) => when(one.received_at) },
    { label: t('field.due'), cell: (one) => due(one.due_at, one.state) },
    { label: t('field.cause'), cell: (one) => causeNow(one) },
];

/* Only what is dead can be replayed, and never everything by an empty form. */
function canReplay(filter) {
    return Object.keys(subject(filter).filter ?? filter).length > 0 &&
        ['dead', undefined].includes(filter.state);
}

/* As a job is asked for it: a receipt is a selection, and an order none of its business. */
function subject({ order: _, receipt, ...filter }) {
    return receipt ? { selection: [receipt] } : { filter };
}

export async function search(view) {
    const filter = filterOf(view);
    const filters = await get('filters', null, { signal: view.signal });
    const asked = form(filter);
    const found = list(view, {
        label: t('search.found'),
        path: 'entries',
        query: filter,
        columns: columns(),
        key: (one) => one.receipt,
        empty: t('search.nothing'),
        draw: (part) => view.draw(t('menu.search'), saved(view, filters.items, filter), asked,
            section(t('search.found'), part)),
    });
    view.actions = may('repair') && canReplay(filter) && [
        button(t('search.replay'), () => newJob({ kind: 'entries', ...subject(filter) }))];
    await found.load();
}
