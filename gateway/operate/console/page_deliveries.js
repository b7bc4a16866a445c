/* SPDX-License-Identifier: Apache-2.0 */
/* What is on its way to partners, and the record of one. */
import { get, may, post, segment } from './api.js';
import { ask, reasonField } from './dialog.js';
import { announce, h } from './dom.js';
import { newJob } from './job_form.js';
import { list } from './list.js';
import {
    badge, button, cause, causeNow, code, due, facts, field, hash, link, note, route, routeWith,
    section, values, when,
} from './parts.js';
import { moment, number, t, word } from './text.js';

const STATES = ['waiting', 'parked', 'dead', 'discarded', 'delivered'];

function form(filter) {
    const node = h('form', { class: 'filter', role: 'search', 'aria-label': t('menu.deliveries') },
        h('div', { class: 'fields' },
            field({ name: 'partner', label: t('field.partner'), value: filter.partner }),
            field({ name: 'state', label: t('field.state'), type: 'select', value: filter.state,
                options: [['', t('search.any')], ...STATES.map((one) => [one, word('state', one)])] }),
            field({ name: 'dossier', label: t('field.dossier'), value: filter.dossier }),
            field({ name: 'unroutable', label: t('delivery.kind'), type: 'select',
                value: filter.unroutable, options: [['', t('search.any')],
                    ['true', t('delivery.unroutable')]] })),
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: 'primary' }, t('search.action')),
            link('#/deliveries', t('search.clear'))));
    node.onsubmit = (event) => {
        event.preventDefault();
        location.hash = routeWith(['deliveries'], values(node));
    };
    return node;
}

const columns = () => [
    { label: t('field.delivery'), cell: (one) => link(route('deliveries', one.delivery),
        one.delivery) },
    { label: t('field.partner'), cell: (one) => one.partner ?? t('delivery.nobody') },
    { label: t('field.state'), cell: (one) => badge(one.state) },
    { label: t('field.dossier'), cell: (one) => one.dossier ?? '–' },
    { label: t('field.type'), cell: (one) => word('type', one.event_type) },
    { label: t('field.attempts'), number: true, cell: (one) => one.attempts },
    { label: t('field.last'), cell: (one) => when(one.last_at) },
    { label: t('field.next'), cell: (one) => when(one.next_at) },
    { label: t('field.cause'), cell: (one) => causeNow(one) },
];

export async function deliveries(view) {
    const filter = Object.fromEntries(view.query);
    const asked = form(filter);
    const found = list(view, {
        label: t('menu.deliveries'),
        path: 'deliveries',
        query: filter,
        columns: columns(),
        key: (one) => one.delivery,
        draw: (part) => view.draw(t('menu.deliveries'), asked,
            section(t('search.found'), part)),
    });
    view.actions = may('repair') && filter.state === 'dead' && !filter.unroutable && [
        button(t('search.replay'), () => newJob({ kind: 'deliveries', filter }))];
    await found.load();
}

/* ---- one ---- */

async function act(view, name, question) {
    const path = `deliveries/${segment(view.params.delivery)}/${name}`;
    const done = await ask({ ...question, send: (given) => post(path, given) });
    if (!done)
        return;
    announce(t('done'));
    await view.again();
}

/* To a partner of those who get deliveries at all. */
async function sendElsewhere(view, one) {
    try {
        const partners = await get('partners', null, { signal: view.signal });
        await act(view, 'route', {
            title: t('delivery.route.title', one), text: t('delivery.route.text'),
            action: t('delivery.route'), fields: [
                { name: 'partner', label: t('field.partner'), type: 'select', required: true,
                    options: partners.filter((other) => other.by !== 'none').map((other) =>
                        [other.partner, `${other.name} (${other.partner})`]) },
                reasonField()] });
    } catch (error) {
        view.fail(error);
    }
}

function actions(view, one) {
    if (!may('repair') || !['dead', 'waiting'].includes(one.state))
        return [];
    return [
        one.partner && button(t('delivery.retry'), () => act(view, 'retry', {
            title: t('delivery.retry.title'), text: t('delivery.retry.text'),
            action: t('delivery.retry'), fields: [reasonField()] }), 'primary'),
        one.state === 'dead' && button(t('delivery.route'), () => sendElsewhere(view, one),
            !one.partner && 'primary'),
        button(t('delivery.discard'), () => act(view, 'discard', {
            title: t('delivery.discard.title'), text: t('delivery.discard.text'), isDanger: true,
            action: t('delivery.discard'), fields: [reasonField()] }), 'danger'),
    ];
}

function trail(lines) {
    if (!lines?.length)
        return note(t('delivery.trail.none'));
    return h('ol', { class: 'timeline' }, lines.map((one) => h('li', {},
        h('time', { datetime: one.at }, moment(one.at)),
        h('b', {}, word('what', one.kind)),
        one.status ? h('span', { class: 'status' }, t('timeline.status', one)) : null,
        h('span', { class: 'said' }, one.cause_text ?? one.text ?? ''),
        one.cause_text && one.text && code(one.text))));
}

export async function delivery(view) {
    const one = await get(`deliveries/${segment(view.params.delivery)}`, null,
        { signal: view.signal });
    view.actions = actions(view, one);
    view.draw(t('delivery.title', one), one.state === 'dead' && !one.partner &&
        h('p', { class: 'box calm' }, t('delivery.nobody.text')), h('div', { class: 'grid two' },
        section(t('delivery.about'), facts([
            [t('field.state'), badge(one.state)],
            one.cause && [t('field.cause'), cause(one)],
            one.detail && [t('field.detail'), one.detail],
            one.behind && [t('field.behind'), link(route('deliveries', one.behind), one.behind)],
            [t('field.partner'), one.partner ?? t('delivery.nobody')],
            [t('field.agency'), one.agency ?? '–'],
            [t('field.dossier'), one.dossier ?? '–'],
            [t('field.type'), word('type', one.event_type)],
            [t('delivery.why'), one.reason ?? '–'],
            [t('field.attempts'), number(one.attempts)],
            [t('field.last'), when(one.last_at)],
            one.next_at && [t('field.next'), when(one.next_at)],
            [t('field.due'), due(one.due_at, one.state)],
            [t('delivery.place'), `${one.partition ?? '–'} / ${number(one.offset)}`],
            one.dossier && [t('delivery.entry'), link(routeWith(['search'],
                { dossier: one.dossier }), t('delivery.entries'))],
            [t('field.sha256'), hash(one.document_sha256)],
        ])),
        section(t('entry.timeline'), trail(one.trail))));
}
