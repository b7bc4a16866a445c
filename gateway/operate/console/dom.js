/* SPDX-License-Identifier: Apache-2.0 */
/* Elements out of data.  What comes from outside only ever becomes a text node or the value of a
 * harmless attribute: nothing here reads markup. */

const SVG = 'http://www.w3.org/2000/svg';
const HANDLERS = ['onclick', 'onsubmit', 'oninput', 'onchange', 'onkeydown', 'onscroll'];
const WAYS = ['#', '/operate/v1/', 'blob:'];

/* An address that leads elsewhere, or runs something, is a mistake of ours. */
function isOurs(address) {
    return WAYS.some((way) => address.startsWith(way));
}

function put(node, name, value) {
    if (value === null || value === undefined || value === false)
        return;
    if (HANDLERS.includes(name))
        node[name] = value;
    else if (name.startsWith('on') || name === 'style' || name === 'src')
        throw new Error(`no such attribute: ${name}`);
    else if (name === 'href' && !isOurs(value))
        throw new Error(`leads elsewhere: ${value}`);
    else
        node.setAttribute(name, value === true ? '' : String(value));
}

function fill(node, children) {
    for (const child of children.flat(Infinity))
        if (child !== null && child !== undefined && child !== false)
            node.append(child instanceof Node ? child : String(child));
    return node;
}

/** h('p', {class: 'note'}, 'text', other) */
export function h(name, attributes, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {}))
        put(node, key, value);
    return fill(node, children);
}

/** The same for what is drawn. */
export function svg(name, attributes, ...children) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes ?? {}))
        put(node, key, value);
    return fill(node, children);
}

export function fragment(...children) {
    return fill(document.createDocumentFragment(), children);
}

/* ---- changing what is shown without losing focus, scroll or what somebody types ---- */

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined);

function isAlike(one, other) {
    return one.nodeType === other.nodeType && one.nodeName === other.nodeName &&
        keyOf(one) === keyOf(other) && one.id === other.id && one.type === other.type;
}

/* `open` is the reader's own, and so is what stands in a field. */
function takeAttributes(old, fresh) {
    for (const { name } of [...old.attributes])
        if (!fresh.hasAttribute(name) && name !== 'open')
            old.removeAttribute(name);
    for (const { name, value } of [...fresh.attributes])
        if (name !== 'open' && old.getAttribute(name) !== value)
            old.setAttribute(name, value);
    for (const name of HANDLERS)
        if (old[name] !== fresh[name])
            old[name] = fresh[name];
}

/* What has `data-own` looks after its children itself. */
function patch(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
        if (old.data !== fresh.data)
            old.data = fresh.data;
        return;
    }
    takeAttributes(old, fresh);
    if (old.nodeName !== 'TEXTAREA' && !('own' in old.dataset))
        morph(old, fresh);
}

/* The old child that the fresh one continues: by its key, or the next one that has none. */
function findOld(keyed, plain, fresh) {
    const key = keyOf(fresh);
    if (key !== undefined)
        return keyed.get(key);
    return plain.length && isAlike(plain[0], fresh) ? plain.shift() : undefined;
}

/** Makes the children of `parent` those of `tree`, keeping every element that goes on. */
export function morph(parent, tree) {
    const old = [...parent.childNodes];
    const keyed = new Map(old.filter(keyOf).map((node) => [keyOf(node), node]));
    const plain = old.filter((node) => keyOf(node) === undefined);
    const kept = new Set();
    let place = parent.firstChild;
    for (const fresh of [...tree.childNodes]) {
        const found = findOld(keyed, plain, fresh);
        const node = found && isAlike(found, fresh) ? found : fresh;
        if (node === found)
            patch(found, fresh);
        kept.add(node);
        if (node === place)
            place = place.nextSibling;
        else
            parent.insertBefore(node, place);
    }
    for (const node of old)
        if (!kept.has(node))
            node.remove();
}

let names = 0;
/** A fresh id, to tie a label to its field. */
export function newId() {
    names += 1;
    return `n${names}`;
}

/** Says something to who listens instead of looking. */
export function announce(text) {
    const place = document.getElementById('polite');
    place.textContent = '';
    requestAnimationFrame(() => { place.textContent = text; });
}
