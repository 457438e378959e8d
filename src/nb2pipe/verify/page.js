"use strict";
// The frames are as high as what is in them. Without this they have about that height, and scroll.
for (const frame of document.querySelectorAll("iframe")) {
  const fit = () => {
    const page = frame.contentDocument && frame.contentDocument.documentElement;
    if (page && frame.offsetParent !== null) {
      frame.style.height = "0";
      frame.style.height = Math.min(page.scrollHeight + 2, 900) + "px";
    }
  };
  frame.addEventListener("load", fit);
  if (frame.closest("details")) frame.closest("details").addEventListener("toggle", fit);
  fit();
}
// A link into something folded opens it; what is printed is open.
const open = () => {
  const at = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let box = at; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
};
addEventListener("hashchange", open);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => { box.open = true; }));
open();
