// Work that news asks for again and again: done at once after a rest, and never more often than it is worth.
const REST = 600;
// Of what the work takes, so that a busy server is asked less often.
const TIMES = 4;

/** `paced(work)` returns a function that has the work done soon; what it is told meanwhile counts for the next time. */
export function paced(work, rest = REST) {
  let busy = false;
  let due = false;
  let timer = 0;

  async function run() {
    timer = 0;
    due = false;
    busy = true;
    const began = performance.now();
    try {
      await work();
    } catch {
      // The next news tries again; the header tells the state of the stream.
    }
    const took = performance.now() - began;
    timer = setTimeout(() => {
      timer = 0;
      busy = false;
      if (due) run();
    }, Math.max(rest, TIMES * took));
  }

  return () => {
    due = true;
    if (!busy) run();
  };
}

/** Whether a frame may concern agent `id`. */
export function concernsAgent(frame, id, name = "") {
  const { type, data } = frame;
  if (type === "resync") return true;
  if (type === "tick") return !data || data.agents?.includes(id);
  if (type === "activity.created") return data?.entity_type === "agent" ? data.entity_id === id : data?.entity_type === "approval";
  if (type.startsWith("agent.")) return data?.id === id;
  return type.startsWith("task.") && data?.assigned_to === name;
}
