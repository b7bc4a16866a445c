/* SPDX-License-Identifier: Apache-2.0 */
/* One entry's story: what it is, what became of it, what it says, and what may be done about it. */
import { get, may, post, segment } from './api.js';
import { ask, reasonField, staleField } from './dialog.js';
import { problemText } from './document.js';
import { announce, h } from './dom.js';
import { Panes } from './panes.js';
import {
    badge, button, cause, causeNow, code, due, exactly, facts, hash, link, long, note, route, section,
    table, when,
} from './parts.js';
import { moment, t, word } from './text.js';

/* ---- doing ---- */

function discard(view, receipt) {
    return act(view, receipt, 'discard', {
        title: t('entry.discard.title'), text: t('entry.discard.text'), isDanger: true,
        fields: [reasonField()], action: t('entry.discard') });
}

function release(view, receipt) {
    return act(view, receipt, 'release', {
        title: t('entry.release.title'), text: t('entry.release.text'),
        fields: [reasonField(), staleField()], action: t('entry.release') });
}

async function act(view, receipt, name, question) {
    const done = await ask({ ...question,
        send: (given) => post(`entries/${segment(receipt)}/${name}`, given) });
    if (!done)
        return;
    announce(t('done'));
    await view.again();
}

function actions(view, receipt, story) {
    if (story.facts.state !== 'dead' || !may('repair'))
        return [];
    return [
        may('content') && h('a', { class: 'button primary', href: route('entries', receipt, 'edit') },
            t('entry.edit')),
        button(t('entry.release'), () => release(view, receipt)),
        button(t('entry.discard'), () => discard(view, receipt), 'danger'),
    ];
}

/* ---- showing ---- */

/* What was mended or discarded is told as what once was, without advice. */
function failure(one) {
    if (one.cause && one.state !== 'dead')
        return [[t('entry.was'), h('div', { class: 'cause' },
            one.detail && h('span', {}, one.detail), code(one.cause))]];
    return [one.cause && [t('field.cause'), cause(one)],
        one.detail && [t('field.detail'), one.detail]];
}

function about(one) {
    return section(t('entry.about'), facts([
        [t('field.state'), badge(one.state), one.released && [' ', t('entry.released')]],
        ...failure(one),
        one.behind && [t('field.behind'), link(route('entries', one.behind), long(one.behind))],
        [t('field.dossier'), one.dossier
            ? h('a', { href: `#/search?${new URLSearchParams({ dossier: one.dossier })}` },
                one.dossier) : '–'],
        [t('field.type'), word('type', one.event_type)],
        [t('field.partner'), one.partner_name && [one.partner_name, ' '], code(one.partner)],
        [t('field.adapter'), code(one.adapter)],
        [t('field.received'), exactly(one.received_at)],
        [t('field.due'), due(one.due_at, one.state)],
        [t('field.receipt'), long(one.receipt)],
        one.event_id && [t('field.event'), code(one.event_id)],
        one.published?.partition >= 0 && [t('entry.place'),
            `${one.published.partition} / ${one.published.offset}`],
        [t('field.sha256'), hash(one.document_sha256)],
    ]));
}

/* Where it is not known when it was published: after what people did for it, before it was on its
 * way. */
function placePublished(steps) {
    const from = steps.findIndex((one) => one.what === 'published' && !one.at);
    if (from < 0)
        return;
    const [published] = steps.splice(from, 1);
    const to = steps.findIndex((one) => one.what === 'arrived');
    const deed = steps.findLastIndex((one) => one.at && !one.refused &&
        ['accepted', 'apply', 'release'].includes(one.what));
    steps.splice(to < 0 ? deed + 1 : to, 0, published);
}

/* What holds now has no time of its own; what is over had one, which may not have been kept. */
function timeOf(one) {
    if (one.at)
        return h('time', { datetime: one.at }, moment(one.at));
    return h('span', { class: 'untimed' },
        t(['dead', 'parked'].includes(one.what) ? 'timeline.now' : 'timeline.untimed'));
}

/* Each attempt of each delivery too, in order; what has no time keeps its place. */
function stepsOf(story) {
    const steps = [...story.timeline ?? []];
    placePublished(steps);
    for (const delivery of story.deliveries ?? [])
        for (const line of delivery.trail ?? []) {
            const step = { ...line, who: delivery.partner, what: line.what ?? line.kind };
            const later = steps.findIndex((other) => other.at && other.at > step.at);
            steps.splice(later < 0 ? steps.length : later, 0, step);
        }
    return steps;
}

function timeline(steps) {
    if (!steps.length)
        return null;
    return section(t('entry.timeline'), h('ol', { class: 'timeline' }, steps.map((one) =>
        h('li', { class: one.refused && 'refused' },
            timeOf(one),
            h('b', {}, word('what', one.what)), one.refused && badge('refused', 'outcome'),
            one.who && h('span', { class: 'who' }, one.who),
            one.status ? h('span', { class: 'status' }, t('timeline.status', one)) : null,
            one.text && h('span', { class: 'said' }, one.text)))));
}

function problems(found, panes) {
    if (!found?.length)
        return null;
    return section(t('entry.problems'), h('ul', { class: 'problems' }, found.map((one) =>
        h('li', {}, one.line > 0 && (panes
            ? button(t('line', one), () => panes.goTo(one.line), 'line')
            : h('span', { class: 'line' }, t('line', one))), ' ',
        h('span', {}, problemText(one)), ' ', one.path && code(one.path)))));
}

/* What failed then and would pass by today's adapters, codes and agencies. */
function passes(story) {
    return story.would_pass && h('p', { class: 'box good' }, t('entry.passes'));
}

function revisions(receipt, found) {
    if (!found?.length)
        return null;
    return section(t('revision.title'), table(t('revision.title'), [
        { label: t('revision.no'), cell: (one) => link(
            route('entries', receipt, 'revisions', String(one.no)), t('revision.one', one)) },
        { label: t('field.state'), cell: (one) => badge(one.state, 'revised') },
        { label: t('revision.author'), cell: (one) => one.author },
        { label: t('field.reason'), cell: (one) => one.reason },
        { label: t('revision.approver'), cell: (one) => one.approver ?? '–' },
        { label: t('field.at'), cell: (one) => when(one.at) },
        { label: t('field.sha256'), cell: (one) => hash(one.sha256) },
    ], found, { key: (one) => one.no }));
}

function deliveries(found) {
    if (!found?.length)
        return null;
    return section(t('menu.deliveries'), table(t('menu.deliveries'), [
        { label: t('field.delivery'), cell: (one) => link(route('deliveries', one.id), one.id) },
        { label: t('field.partner'), cell: (one) => one.partner ?? t('delivery.nobody') },
        { label: t('field.state'), cell: (one) => badge(one.state) },
        { label: t('field.attempts'), number: true, cell: (one) => one.attempts },
        { label: t('field.last'), cell: (one) => when(one.last_at) },
        { label: t('field.cause'), cell: (one) => causeNow(one) },
    ], found, { key: (one) => one.id }));
}

export async function entry(view) {
    const { receipt } = view.params;
    const story = await get(`entries/${segment(receipt)}`, null, { signal: view.signal });
    const isShredded = story.facts.shredded;
    const panes = may('content') && !isShredded
        ? new Panes(view, receipt, story, () => draw()) : null;
    view.actions = actions(view, receipt, story);
    function draw() {
        const dossier = story.facts.dossier ?? t('entry.none');
        view.draw(t('entry.title', { dossier }),
            h('div', { class: 'grid two' }, h('div', {}, about(story.facts),
                problems(story.problems, panes), passes(story)), timeline(stepsOf(story))),
            revisions(receipt, story.revisions),
            panes ? panes.draw() : note(t(isShredded ? 'document.shredded' : 'document.forbidden')),
            deliveries(story.deliveries));
    }
    draw();
    if (!panes)
        return;
    await panes.load();
    draw();
    panes.watch();
}
