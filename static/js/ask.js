// Requests of our own modules: marked as fragments, protected against forgery, refusals in words.
import { toast } from "./toast.js";

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** `html` is set where the server sends a form back with what was wrong. */
export class Refused extends Error {}

export async function ask(address, body) {
  let answer;
  try {
    answer = await fetch(address, {
      method: body ? "POST" : "GET",
      body: body && !(body instanceof FormData) ? new URLSearchParams(body) : body,
      headers: { "HX-Request": "true", ...(body && { "X-CSRFToken": token }) },
    });
  } catch {
    throw new Refused("The server does not answer. Nothing was changed.");
  }
  if (answer.status === 401) location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
  if (answer.status === 422) throw Object.assign(new Refused("It is not ready yet."), { html: await answer.text() });
  if (!answer.ok) throw new Refused(await words(answer));
  return answer.text();
}

async function words(answer) {
  const plain = answer.headers.get("Content-Type")?.startsWith("text/plain");
  return plain ? answer.text() : `The server refused (${answer.status}). Nothing was changed.`;
}

/** Ask, and say in a toast what went wrong; the answer is then undefined. */
export async function attempt(address, body) {
  try {
    return await ask(address, body);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { tone: "error" });
  }
}

export function fragment(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}
