// What every page runs.
import "./shell.js";
import "./figures.js";
import "./feed.js";
import "./drawer.js";
import "./task.js";
import "./task-moves.js";
import "./walk.js";
