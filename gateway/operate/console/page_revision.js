/* SPDX-License-Identifier: Apache-2.0 */
/* One revision: what it changes, and a second person's word on exactly this. */
import { get, may, post, segment, who } from './api.js';
import { ask, reasonField, staleField } from './dialog.js';
import { drawDiff, problemText } from './document.js';
import { announce, h } from './dom.js';
import { badge, button, code, facts, link, note, route, section, when } from './parts.js';
import { t } from './text.js';

/* What one agrees to is the hash that one sees. */
function sealed(one) {
    return h('p', { class: 'box calm' }, t('revision.hash'), ' ',
        h('code', { class: 'long' }, one.sha256));
}

async function act(view, name, question, body) {
    const { receipt, no } = view.params;
    const done = await ask({ ...question, send: (given) => post(
        `entries/${segment(receipt)}/revisions/${segment(no)}/${name}`, { ...given, ...body }) });
    if (!done)
        return;
    announce(t('done'));
    await view.again();
}

function approve(view, one) {
    return act(view, 'approve', { title: t('revision.approve.title', one),
        text: [t('revision.approve.text'), sealed(one)], action: t('revision.approve') },
    { sha256: one.sha256 });
}

function apply(view, one) {
    return act(view, 'apply', { title: t('revision.apply.title', one),
        text: [t('revision.apply.text'), sealed(one)], fields: [staleField()],
        action: t('revision.apply') }, { sha256: one.sha256 });
}

function withdraw(view, one) {
    return act(view, 'withdraw', { title: t('revision.withdraw.title', one), isDanger: true,
        fields: [reasonField()], action: t('revision.withdraw') });
}

/* Who wrote it may not be the second person. */
const isMine = (one) => one.author === who().user;
const needsApproval = (one) => one.needs_approval !== false && one.state === 'proposed';

function actions(view, one) {
    if (one.state !== 'proposed' && one.state !== 'approved')
        return [];
    return [
        needsApproval(one) && may('approve') && !isMine(one) &&
            button(t('revision.approve'), () => approve(view, one), 'primary'),
        !needsApproval(one) && may('repair') &&
            button(t('revision.apply'), () => apply(view, one), 'primary'),
        may('repair') && button(t('revision.withdraw'), () => withdraw(view, one), 'danger'),
    ];
}

function waiting(one) {
    if (!needsApproval(one))
        return null;
    return h('p', { class: 'box warn' }, t(isMine(one) ? 'revision.mine' : 'revision.waits'));
}

export async function revision(view) {
    const { receipt, no } = view.params;
    const one = await get(`entries/${segment(receipt)}/revisions/${segment(no)}`, null,
        { signal: view.signal });
    view.actions = actions(view, one);
    view.draw(t('revision.one', one), link(route('entries', receipt), t('edit.back')), waiting(one),
        section(t('revision.about'), facts([
            [t('field.state'), badge(one.state, 'revised')],
            [t('revision.author'), one.author],
            [t('field.at'), when(one.at)],
            [t('field.reason'), one.reason],
            [t('revision.approver'), one.approver ?? '–'],
            one.approved_at && [t('revision.approved'), when(one.approved_at)],
            [t('field.sha256'), h('code', { class: 'long' }, one.sha256)],
        ])),
        section(t('diff.title'), drawDiff(one.diff)),
        one.problems?.length > 0 && section(t('entry.problems'), h('ul', { class: 'problems' },
            one.problems.map((problem) => h('li', {}, problem.line > 0 &&
                h('span', { class: 'line' }, t('line', problem)), ' ', problemText(problem), ' ',
            problem.path && code(problem.path))))),
        may('repair') && may('content') && one.state === 'proposed' && note(link(
            `${route('entries', receipt, 'edit')}?from=revision:${encodeURIComponent(no)}`,
            t('revision.further'))));
}
