/* SPDX-License-Identifier: Apache-2.0 */
/* What failed, by cause; one cause, what failed of it, and what to do about all of them at once. */
import { get, may, segment } from './api.js';
import { h } from './dom.js';
import { newJob, newRule } from './job_form.js';
import { list } from './list.js';
import {
    age, button, card, cause, code, due, facts, link, long, note, route, section, table, when,
} from './parts.js';
import { number, t } from './text.js';

const isOfDeliveries = (one) => one.kind === 'deliveries';

export async function failures(view) {
    const { items } = await get('failures', null, { signal: view.signal });
    view.draw(t('menu.failures'), note(t('failures.text')), card(table(t('menu.failures'), [
        { label: t('failure.cause'), cell: (one) => h('div', { class: 'cause' },
            link(route('failures', one.fingerprint), one.cause_text ?? one.cause),
            code(one.cause)) },
        { label: t('failure.kind'), cell: (one) => t(`kind.${one.kind}`) },
        { label: t('field.partner'), cell: (one) => one.partner ?? '–' },
        { label: t('failure.count'), number: true, cell: (one) => one.count },
        { label: t('failure.behind'), number: true, cell: (one) => one.parked_behind },
        { label: t('failure.overdue'), number: true, cell: (one) => (one.overdue
            ? h('span', { class: 'late' }, number(one.overdue)) : 0) },
        { label: t('failure.oldest'), cell: (one) => age(one.oldest) },
        { label: t('failure.newest'), cell: (one) => age(one.newest) },
    ], items, { key: (one) => one.fingerprint, empty: t('failures.none') })));
}

/* ---- one group ---- */

const entryColumns = () => [
    { label: t('field.receipt'), cell: (one) => link(route('entries', one.receipt),
        long(one.receipt)) },
    { label: t('field.dossier'), cell: (one) => one.dossier ?? '–' },
    { label: t('field.received'), cell: (one) => when(one.received_at) },
    { label: t('field.due'), cell: (one) => due(one.due_at) },
    { label: t('field.detail'), cell: (one) => one.detail ?? '–' },
];

const deliveryColumns = () => [
    { label: t('field.delivery'), cell: (one) => link(route('deliveries', one.delivery),
        one.delivery) },
    { label: t('field.dossier'), cell: (one) => one.dossier ?? '–' },
    { label: t('field.last'), cell: (one) => when(one.last_at) },
    { label: t('field.attempts'), number: true, cell: (one) => one.attempts },
    { label: t('field.due'), cell: (one) => due(one.due_at) },
    { label: t('field.detail'), cell: (one) => one.detail ?? '–' },
];

function summary(one) {
    return section(t('failure.about'), facts([
        [t('failure.cause'), cause(one)],
        [t('failure.kind'), t(`kind.${one.kind}`)],
        [t('field.partner'), one.partner ?? '–'],
        one.adapter && [t('field.adapter'), code(one.adapter)],
        [t('failure.count'), number(one.count)],
        [t('failure.behind'), number(one.parked_behind)],
        [t('failure.overdue'), number(one.overdue)],
        [t('failure.oldest'), when(one.oldest)],
        [t('failure.newest'), when(one.newest)],
        one.detail && [t('failure.sample'), one.detail],
    ]));
}

function gone(view) {
    view.draw(t('failure.title'), note(t('failure.gone')), link('#/failures', t('failure.back')));
}

export async function group(view) {
    const { fingerprint } = view.params;
    const { items } = await get('failures', null, { signal: view.signal });
    const found = items.find((one) => one.fingerprint === fingerprint);
    if (!found) {
        gone(view);
        return;
    }
    const wanted = { kind: found.kind, group: fingerprint, count: found.count };
    view.actions = may('repair') && [
        button(t('failure.replay'), () => newJob(wanted), 'primary'),
        !isOfDeliveries(found) && button(t('failure.rule'), () => newRule(wanted, found)),
    ];
    const members = list(view, {
        label: t('failure.items'),
        path: `failures/${segment(fingerprint)}/items`,
        columns: isOfDeliveries(found) ? deliveryColumns() : entryColumns(),
        key: (one) => one.receipt ?? one.delivery,
        chosen: may('repair') && ((selection) => newJob({
            kind: found.kind, selection, count: selection.length })),
        draw: (part) => view.draw(t('failure.title'), link('#/failures', t('failure.back')),
            summary(found), section(t('failure.items'), part)),
    });
    await members.load();
}
