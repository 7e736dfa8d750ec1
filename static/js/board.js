import "./board-live.js";
import "./board-drag.js";
import "./board-keys.js";
import "./board-filters.js";
import "./board-new.js";
