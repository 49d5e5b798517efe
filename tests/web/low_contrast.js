// WCAG 2.2, 1.4.3: every visible text whose contrast with the nearest opaque background behind it is too low.
() => {
    const EXEMPT = ":disabled, .dropzone, .visually-hidden, .skip"; // not text that is to be read now
    const view = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
        .getContext("2d", { willReadFrequently: true });
    const rgba = (color) => {
        view.clearRect(0, 0, 1, 1);
        view.fillStyle = color;
        view.fillRect(0, 0, 1, 1);
        return [...view.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color) => {
        const [r, g, b] = color.map((x) => x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = rgba(getComputedStyle(at).backgroundColor);
            if (color[3] === 255) return color;
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const element of document.querySelectorAll("body *")) {
        const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
        const text = texts.map((node) => node.data.trim()).join("");
        if (!text || !element.checkVisibility({ visibilityProperty: true }) || element.closest(EXEMPT)) continue;
        const style = getComputedStyle(element);
        const pair = [luminance(rgba(style.color)), luminance(background(element))].sort();
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        const px = parseFloat(style.fontSize);
        const large = px >= 24 || (px >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) low.push(`${text.slice(0, 30)}: ${ratio.toFixed(2)}`);
    }
    return low;
}
