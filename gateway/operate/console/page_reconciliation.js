/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what came, went and waits adds up, by partner and day. */
import { download, get } from './api.js';
import { h } from './dom.js';
import { badge, button, field, note, problemBox, routeWith, section, table, values } from './parts.js';
import { isoDay, number, t } from './text.js';

const COLUMNS = {
    entries: ['received', 'published', 'waiting', 'parked', 'dead', 'discarded', 'refused', 'pruned',
        'missing', 'repeated'],
    deliveries: ['arrived', 'moved', 'delivered', 'waiting', 'parked', 'dead', 'discarded', 'pruned',
        'missing'],
};

/* What came and is in no state now, or is there and never came. */
const isWrong = (one) => one.missing !== 0;

/* "2026-11-26", as people here write it. */
function dayOf(one) {
    return one.day.split('-').reverse().join('/');
}

function form(period) {
    const node = h('form', { class: 'filter' },
        h('div', { class: 'fields' },
            field({ name: 'from', label: t('search.from'), type: 'date', value: period.from }),
            field({ name: 'to', label: t('search.to'), type: 'date', value: period.to })),
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: 'primary' }, t('reconcile.show'))));
    node.onsubmit = (event) => {
        event.preventDefault();
        location.hash = routeWith(['reconciliation'], values(node));
    };
    return node;
}

function verdict(wrong) {
    return wrong
        ? h('p', { class: 'box bad' }, t('reconcile.wrong', { count: number(wrong) }))
        : h('p', { class: 'box good' }, t('reconcile.right'));
}

async function save(view, period) {
    try {
        await download('reconcile', period, 'text/csv', `doi-soat-${period.from}-${period.to}.csv`);
    } catch (error) {
        view.draw(t('menu.reconciliation'), problemBox(error));
    }
}

function sums(kind, items) {
    return section(t(`kind.${kind}`), table(t(`kind.${kind}`), [
        { label: t('reconcile.day'), cell: dayOf },
        { label: t('field.partner'), cell: (one) => one.partner ?? t('delivery.nobody') },
        ...COLUMNS[kind].map((name) => ({ label: t(`count.${name}`), number: true,
            cell: (one) => one[name] ?? 0 })),
        { label: t('reconcile.verdict'), cell: (one) =>
            badge(isWrong(one) ? 'mismatch' : 'done', 'verdict') },
    ], items, { mark: (one) => isWrong(one) && 'wrong',
        key: (one) => `${one.day} ${one.partner}` }));
}

export async function reconciliation(view) {
    const period = { from: view.query.get('from') ?? isoDay(-6),
        to: view.query.get('to') ?? isoDay(0) };
    const { items, mismatches } = await get('reconcile', period, { signal: view.signal });
    view.actions = [button(t('reconcile.csv'), () => save(view, period))];
    view.draw(t('menu.reconciliation'), note(t('reconcile.text')), form(period),
        verdict(mismatches), ['entries', 'deliveries'].map((kind) =>
            sums(kind, items.filter((one) => one.kind === kind))));
}
