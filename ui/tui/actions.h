/* The one table of everything a person can do: it yields the enum, the keys, the names of `:` commands, the
 * hint line, the help screen and the man page's key section.
 *
 * A row: identifier, default keys (blank-separated), command name, context, argument (shown in the prompt
 * that opens when the key is pressed, LETTER: the next key is it; NULL: none), word for the hint line (NULL: not shown there), help. A
 * screen's own keys go before the global ones; within one context each key stands once (tested). */
#pragma once

typedef enum {
    CONTEXT_GLOBAL,
    CONTEXT_VIEWS,
    CONTEXT_STEER,
    CONTEXT_TRAIN,
    CONTEXT_NEIGHBOURS,
    CONTEXT_CORNERS,
    CONTEXT_COUNT
} Context;

/* clang-format off */
#define ACTIONS(X) \
    X(VIEWS,        "1",                "views",       GLOBAL, NULL, NULL, "Go to Views: a wall of pictures the generator makes") \
    X(STEER,        "2",                "steer",       GLOBAL, NULL, NULL, "Go to Steer: one view and its directions as sliders") \
    X(TRAIN,        "3",                "train",       GLOBAL, NULL, NULL, "Go to Train: an encoder learns from generated views") \
    X(NEIGHBOURS,   "4",                "neighbours",  GLOBAL, NULL, NULL, "Go to Neighbours: a view against real pictures") \
    X(CORNERS,      "5",                "corners",     GLOBAL, NULL, NULL, "Go to Corners: the tray of views worth keeping") \
    X(UP,           "k Up",             "up",          GLOBAL, NULL, NULL, "One up") \
    X(DOWN,         "j Down",           "down",        GLOBAL, NULL, NULL, "One down") \
    X(LEFT,         "h Left",           "left",        GLOBAL, NULL, NULL, "One to the left") \
    X(RIGHT,        "l Right",          "right",       GLOBAL, NULL, NULL, "One to the right") \
    X(FIRST,        "g Home",           "first",       GLOBAL, NULL, NULL, "To the first") \
    X(LAST,         "G End",            "last",        GLOBAL, NULL, NULL, "To the last") \
    X(PAGE_UP,      "PageUp Ctrl-U",    "page-up",     GLOBAL, NULL, NULL, "One page up") \
    X(PAGE_DOWN,    "PageDown Ctrl-D",  "page-down",   GLOBAL, NULL, NULL, "One page down") \
    X(FOCUS_NEXT,   "Tab",              "focus-next",  GLOBAL, NULL, "pane", "Give the next pane the focus") \
    X(FOCUS_BACK,   "Shift-Tab",        "focus-back",  GLOBAL, NULL, NULL, "Give the pane before the focus") \
    X(OPEN,         "o",                "open",        GLOBAL, "ADDRESS, PNG, MODEL or RUN", NULL, "Open an address, a PNG, a model file or a run; pasting one does the same") \
    X(SAVE,         "w",                "save",        GLOBAL, "FILE.png", NULL, "Write the view as a PNG with its address inside") \
    X(COPY,         "y",                "copy",        GLOBAL, NULL, NULL, "Copy the view's address to the clipboard (OSC 52)") \
    X(UNDO,         "u",                "undo",        GLOBAL, NULL, NULL, "Take the last change back") \
    X(REDO,         "Ctrl-R",           "redo",        GLOBAL, NULL, NULL, "Do it again") \
    X(MARK,         "m",                "mark",        GLOBAL, "LETTER", NULL, "Mark the view with a letter (a to z), to come back to it") \
    X(MARK_GO,      "'",                "go-mark",     GLOBAL, "LETTER", NULL, "Go to a marked view; A and B go to those set with a and b") \
    X(SET_A,        "a",                "set-a",       GLOBAL, NULL, NULL, "Remember the view as A") \
    X(SET_B,        "b",                "set-b",       GLOBAL, NULL, NULL, "Remember the view as B") \
    X(FLIP,         "x",                "flip",        GLOBAL, NULL, NULL, "Show A, then B, in the same place; any other key returns") \
    X(TRAY,         "t",                "tray",        GLOBAL, NULL, "keep", "Put the view into the tray") \
    X(TRAY_TAGS,    "T",                "tray-as",     GLOBAL, "TAGS", NULL, "Put the view into the tray with tags, a space between: heel worn") \
    X(GRAPHICS,     "v",                "graphics",    GLOBAL, NULL, NULL, "Show pictures in the next way this terminal can") \
    X(DOCTOR,       "",                 "doctor",      GLOBAL, NULL, NULL, "What this terminal can do: a test card, its cells, colours and speed, and one line of advice") \
    X(FIGURES,      "F",                "figures",     GLOBAL, NULL, NULL, "Show or hide what a frame costs: encode and terminal time") \
    X(REDRAW,       "Ctrl-L",           "redraw",      GLOBAL, NULL, NULL, "Draw the whole screen again") \
    X(SETTINGS,     ",",                "settings",    GLOBAL, NULL, NULL, "Every setting: its value, where it comes from; change it and keep it") \
    X(SETTING,      "",                 "setting",     GLOBAL, "NAME VALUE", NULL, "Change a setting for this session: theme light") \
    X(THEME,        "",                 "theme",       GLOBAL, "THEME", NULL, "Take other colours: auto, dark, light, safe, mono or a file") \
    X(JOBS,         "J",                "jobs",        GLOBAL, NULL, NULL, "What is being worked on: progress, pause, cancel") \
    X(LOG,          "Ctrl-G",           "log",         GLOBAL, NULL, NULL, "What was said and what failed, newest last") \
    X(TOUR,         "",                 "tour",        GLOBAL, NULL, NULL, "A minute's tour that drives the program itself; any key ends it") \
    X(COMMAND,      ":",                "command",     GLOBAL, NULL, NULL, "Type a command: any name in this list, with its argument") \
    X(HELP,         "? F1",             "help",        GLOBAL, NULL, "all keys", "Show every key; / searches, Enter runs") \
    X(CANCEL,       "Escape",           "cancel",      GLOBAL, NULL, "back", "Close what is open, or drop what was being computed") \
    X(SUSPEND,      "Ctrl-Z",           "suspend",     GLOBAL, NULL, NULL, "Back to the shell for a while; fg returns") \
    X(QUIT,         "q Ctrl-C",         "quit",        GLOBAL, NULL, "quit", "Leave; asks first while something runs") \
    X(QUIT_STOP,    "",                 "quit-stop",   GLOBAL, NULL, NULL, "Leave and stop what runs; its state is saved") \
    X(QUIT_DETACH,  "",                 "quit-detach", GLOBAL, NULL, NULL, "Leave and let it run on in the background") \
    \
    X(VIEWS_STEER,      "Enter",        "steer-this",  VIEWS, NULL, "steer", "Steer the selected view") \
    X(VIEWS_NEW,        "Space r",      "resample",    VIEWS, NULL, "new views", "Draw a new wall of views") \
    X(VIEWS_CLASS,      "c",            "class",       VIEWS, "CLASS or all", "class", "Show one class, by name or number, or all") \
    X(VIEWS_PSI_DOWN,   "[",            "psi-down",    VIEWS, NULL, NULL, "Truncate more: nearer to the mean, safer") \
    X(VIEWS_PSI_UP,     "]",            "psi-up",      VIEWS, NULL, "[ psi", "Truncate less: more varied") \
    X(VIEWS_PSI,        "p",            "psi",         VIEWS, "0 to 1.5", NULL, "Set the truncation psi: 1 is none, lower is nearer to the typical member of the class") \
    X(VIEWS_SEED,       "s",            "seed",        VIEWS, "SEED", "seed", "Start the wall at this seed") \
    X(VIEWS_LARGER,     "+ =",          "larger",      VIEWS, NULL, "- zoom", "Larger pictures; in the plane: nearer") \
    X(VIEWS_SMALLER,    "-",            "smaller",     VIEWS, NULL, NULL, "Smaller pictures; in the plane: farther") \
    X(VIEWS_SORT,       "o",            "sort",        VIEWS, "class, unsure, realism, distance or seed", "sort", "Next order of the 512 views from here on, or of the selected ones: least of its class first, most unsure, least real, farthest from this one, by seed") \
    X(VIEWS_PICK,       "v",            "pick",        VIEWS, NULL, "select", "Select the view as one of several, for t, W, o and P; again: not") \
    X(VIEWS_PICK_LEFT,  "Shift-Left H", "pick-left",   VIEWS, NULL, NULL, "Select this view and the one to the left") \
    X(VIEWS_PICK_RIGHT, "Shift-Right L","pick-right",  VIEWS, NULL, NULL, "Select this view and the one to the right") \
    X(VIEWS_PICK_UP,    "Shift-Up K",   "pick-up",     VIEWS, NULL, NULL, "Select this view and the one above") \
    X(VIEWS_PICK_DOWN,  "Shift-Down",   "pick-down",   VIEWS, NULL, NULL, "Select this view and the one below") \
    X(VIEWS_PICK_ALL,   "V",            "pick-all",    VIEWS, NULL, "all", "Select all in sight; again: none of them. Escape: none at all") \
    X(VIEWS_PLANE,      "P",            "plane",       VIEWS, "SEEDS", "plane", "The plane between four seeds: the four selected views, or this one and the three after it; + and - zoom, P or Escape leaves") \
    X(VIEWS_WALL,       "W",            "save-wall",   VIEWS, "FILE.png", "write", "Write the selected views, or all in sight, as one PNG with every address inside") \
    X(VIEWS_SPACE,      "e",            "measure-in",  VIEWS, "judge, RUN or FILE", NULL, "Measure distance, realism and neighbours in a trained encoder's features, or the judge's again") \
    X(VIEWS_NEIGHBOURS, "n",            "neighbours-of", VIEWS, NULL, "neighbours", "Real neighbours of the selected view") \
    \
    X(STEER_LESS,       "h Left",       "less",        STEER, NULL, NULL, "Move the slider down by a step") \
    X(STEER_MORE,       "l Right",      "more",        STEER, NULL, "h change", "Move the slider up by a step") \
    X(STEER_MUCH_LESS,  "H Shift-Left", "much-less",   STEER, NULL, NULL, "Move the slider down by five steps") \
    X(STEER_MUCH_MORE,  "L Shift-Right","much-more",   STEER, NULL, "H more", "Move the slider up by five steps") \
    X(STEER_SET,        "=",            "set",         STEER, "VALUE", "type", "Set the slider to a value") \
    X(STEER_ZERO,       "0",            "zero",        STEER, NULL, "zero", "Put the slider back to zero") \
    X(STEER_ZERO_ALL,   "Z",            "zero-all",    STEER, NULL, NULL, "Put every slider back to zero") \
    X(STEER_STEP_DOWN,  "{",            "step-down",   STEER, NULL, NULL, "Halve the step") \
    X(STEER_STEP_UP,    "}",            "step-up",     STEER, NULL, NULL, "Double the step") \
    X(STEER_NEW,        "Space r",      "new-seed",    STEER, NULL, "new seed", "Take a new seed and keep the sliders") \
    X(STEER_SEED,       "s",            "seed",        STEER, "SEED", "seed", "Set the seed") \
    X(STEER_CLASS,      "c",            "class",       STEER, "CLASS", "class", "Set the class, by name or number") \
    X(STEER_PSI_DOWN,   "[",            "psi-down",    STEER, NULL, NULL, "Truncate more") \
    X(STEER_PSI_UP,     "]",            "psi-up",      STEER, NULL, "[ psi", "Truncate less") \
    X(STEER_PSI,        "p",            "psi",         STEER, "0 to 1.5", NULL, "Set the truncation psi: 1 is none, lower is nearer to the typical member of the class") \
    X(STEER_DIRECTIONS, "d",            "directions",  STEER, NULL, "directions", "To the next group of sliders: walks, your own, PCA of w, SeFa, pixel operators; h and l on a heading fold it") \
    X(STEER_FILTER,     "/",            "filter",      STEER, "WORDS", NULL, "Only sliders whose name or caption holds these words; Escape ends it") \
    X(STEER_SORT,       "S",            "sort",        STEER, NULL, NULL, "Order the sliders by how much they change this picture, shown as bars; again: their own order") \
    X(STEER_PIXELS,     "O",            "pixels",      STEER, NULL, NULL, "To the pixel operators, for what no direction reaches: rotate, occlude, blur, noise") \
    X(STEER_RANGE,      "R",            "layers",      STEER, "A-B, all, coarse, middle or fine", NULL, "Sliders move these style layers only") \
    X(STEER_MIX,        "M",            "mix",         STEER, "VIEW A-B, or off", NULL, "Take layers A to B from another view: a seed, A, B, a mark ('k), an address or PNG") \
    X(STEER_WAY,        "I",            "interpolate", STEER, NULL, "interpolate", "The way from A to B as a slider; Space plays it") \
    X(STEER_PLAY,       "",             "play",        STEER, NULL, NULL, "Play the way from A to B and back, or stop") \
    X(STEER_PLANE,      "X",            "plane",       STEER, "ACROSS UP", NULL, "Two directions at once, as a page of pictures; Enter takes one") \
    X(STEER_TREE,       "U",            "history",     STEER, NULL, "history", "The tree of everything done, as a page of pictures; Enter goes there") \
    X(STEER_INVERT,     "i",            "invert",      STEER, "PICTURE", NULL, "Look for the view that is most like a picture file; the result can be steered") \
    X(STEER_ANIMATE,    "E",            "animate",     STEER, "FILE.png [FRAMES]", NULL, "Write an animated PNG: the way from A to B, else the focused slider from end to end") \
    X(STEER_LEARN,      "D",            "learn",       STEER, "NAME from TAG [against TAG]", NULL, "Learn a direction of your own: from tagged views of the tray, against others or plain ones; apart zoom,pca-1 keeps it independent of those") \
    X(STEER_DO,         "",             "do",          STEER, "COMMAND", NULL, "One steering command in words: set pca-1 1.25 1-3, mix 12 4-6, px occlude x=0.3 side=0.4, noise off, reset ... Tab offers them") \
    X(STEER_NEIGHBOURS, "n",            "neighbours-of", STEER, NULL, "neighbours", "Real neighbours of this view") \
    X(STEER_TAKE,       "Enter",        "take",        STEER, NULL, "take", "On a page of pictures: take the selected one; on a heading: fold it; else: real neighbours") \
    \
    X(TRAIN_START,      "s",            "start",       TRAIN, NULL, "start", "Start a new run with the settings of the page") \
    X(TRAIN_PAUSE,      "Space",        "pause",       TRAIN, NULL, "pause", "Pause, or go on") \
    X(TRAIN_STOP,       "x",            "stop",        TRAIN, NULL, "stop", "Stop the run and save it") \
    X(TRAIN_LR_DOWN,    "[",            "lr-down",     TRAIN, NULL, NULL, "Lower the learning rate by a fifth") \
    X(TRAIN_LR_UP,      "]",            "lr-up",       TRAIN, NULL, "[ learning rate", "Raise the learning rate by a quarter") \
    X(TRAIN_SIGMA_DOWN, "{",            "sigma-down",  TRAIN, NULL, NULL, "Weaker latent views") \
    X(TRAIN_SIGMA_UP,   "}",            "sigma-up",    TRAIN, NULL, "{ sigma", "Stronger latent views") \
    X(TRAIN_TEMP_DOWN,  "<",            "temperature-down", TRAIN, NULL, NULL, "Lower the temperature") \
    X(TRAIN_TEMP_UP,    ">",            "temperature-up", TRAIN, NULL, "< temperature", "Raise the temperature") \
    X(TRAIN_SHARE_DOWN, "(",            "share-down",  TRAIN, NULL, NULL, "A smaller share of every batch begins at views of the tray") \
    X(TRAIN_SHARE_UP,   ")",            "share-up",    TRAIN, NULL, NULL, "A larger share of every batch begins at views of the tray") \
    X(TRAIN_MIX_DOWN,   "m",            "mix-down",    TRAIN, NULL, NULL, "Fewer real pictures among the generated views of every batch") \
    X(TRAIN_MIX_UP,     "M",            "mix-up",      TRAIN, NULL, "m real", "More real pictures among the generated views of every batch") \
    X(TRAIN_EXCLUDE,    "d",            "exclude",     TRAIN, NULL, "never like this", "Views like the selected pair's upper one come no more in this run; again: as often as before") \
    X(TRAIN_FAVOUR,     "f",            "favour",      TRAIN, NULL, "more like this", "Views like the selected pair's upper one come twice as often, up to eight times") \
    X(TRAIN_WEIGHT,     "",             "weight",      TRAIN, "FACTOR", NULL, "Views like the selected pair's upper one come so much more or less often: 0 (never) to 8") \
    X(TRAIN_TELL,       "",             "tell",        TRAIN, "COMMAND", NULL, "Tell the run anything it understands: rate 0.1, mix 0.2, weight 4 ADDRESS, save, rollback 400") \
    X(TRAIN_SOURCE,     "r",            "source",      TRAIN, "generator or real", "source", "What the next run learns from") \
    X(TRAIN_SET,        "",             "next-run",    TRAIN, "KEY VALUE", NULL, "A setting of the next run as in its config.json: objective supcon, view gauss+walk, layers 1-2:0.2, anchors 4096, neighbours 20") \
    X(TRAIN_TRAY,       "",             "tray-share",  TRAIN, "SHARE TAG", NULL, "Let a share (0 to 1) of the next run's batches begin at the tray's views with a tag, or at any") \
    X(TRAIN_BACK,       "b",            "resume",      TRAIN, NULL, "go on", "Go on with the stopped run in sight, or the selected one, from its last checkpoint") \
    X(TRAIN_COMPARE,    "c",            "compare",     TRAIN, "RUN", "compare", "Draw another run's curves beside this one's") \
    X(TRAIN_LOG,        "L",            "log-scale",   TRAIN, NULL, NULL, "Logarithmic loss axis, or linear") \
    X(TRAIN_SMOOTH,     "~",            "smooth",      TRAIN, NULL, "smooth", "Smooth the loss: not at all, by the last ten steps, by the last fifty") \
    X(TRAIN_NEARER,     "+ =",          "nearer",      TRAIN, NULL, "- zoom", "Fewer steps of the curves, about the crosshair") \
    X(TRAIN_FARTHER,    "-",            "farther",     TRAIN, NULL, NULL, "More steps of the curves") \
    X(TRAIN_WHOLE,      "0",            "whole",       TRAIN, NULL, "whole", "All steps of the curves, no crosshair") \
    X(TRAIN_STEP,       "",             "step",        TRAIN, "STEP", NULL, "Put the crosshair on a step: its figures, its pairs (e), going back to it (B)") \
    X(TRAIN_HEALTH,     "H",            "health",      TRAIN, NULL, "health", "In a narrow window: how healthy the representation is, instead of its figures on real pictures; again: back") \
    X(TRAIN_BATCH,      "e",            "pairs-of-step", TRAIN, NULL, "pairs", "The pairs of the step under the crosshair, made again; Enter steers one") \
    X(TRAIN_THROUGH,    "n",            "through",     TRAIN, NULL, "neighbours", "Real neighbours of the view through this run: h and l go from checkpoint to checkpoint") \
    X(TRAIN_ROLLBACK,   "B",            "rollback",    TRAIN, "STEP", "roll back", "Go back to a kept checkpoint, marked on the axis: the run is then what it was there") \
    X(TRAIN_STEER,      "Enter",        "steer-pair",  TRAIN, NULL, "steer pair", "Steer the selected pair's anchor; in the list of runs: open the selected one") \
    \
    X(NEAR_STEER,       "Enter",        "steer-this",  NEIGHBOURS, NULL, "steer", "Steer the selected generated view (of the way, the map, seeds or the tray), else the query") \
    X(NEAR_REAL,        "n",            "neighbours-of", NEIGHBOURS, NULL, "ask this", "Ask about the selected picture; u goes back to the view") \
    X(NEAR_FILE,        "f",            "query",       NEIGHBOURS, "FILE, #N or real:N", "file", "Take a picture file, an item of the tray (#12) or a real picture (real:17) as the query") \
    X(NEAR_NEW,         "Space r",      "new-query",   NEIGHBOURS, NULL, "new query", "Take a new generated view as the query") \
    X(NEAR_CLASS,       "c",            "class",       NEIGHBOURS, "CLASS or all", "class", "Take new views of one class, or of all in turn") \
    X(NEAR_SPACE,       "e",            "space",       NEIGHBOURS, "encoder, pixels or untrained", NULL, "Next space: the encoder's, pixels, the untrained encoder's") \
    X(NEAR_METRIC,      "d",            "metric",      NEIGHBOURS, "cosine, euclid or dot", "metric", "Next metric: cosine, Euclidean distance, inner product; all exact") \
    X(NEAR_AMONG,       "s",            "among",       NEIGHBOURS, "real, seeds or tray", "among", "Look among training pictures, the generator's first seeds, or what is in the tray") \
    X(NEAR_WALL,        "W",            "wall",        NEIGHBOURS, NULL, "wall", "64 neighbours of one space on a wall, or a row of each space again") \
    X(NEAR_MAP,         "M",            "map",         NEIGHBOURS, NULL, "map", "The map of the encoder's space, large; again: back to the rows") \
    X(NEAR_PROJECTION,  "p",            "projection",  NEIGHBOURS, "tsne or pca", NULL, "Lay the map out by t-SNE, which keeps neighbours, or by PCA") \
    X(NEAR_SLICES,      "C",            "confusion",   NEIGHBOURS, NULL, "confusion", "What the encoder's linear probe takes for what on held-out pictures: a cell shows its pictures") \
    X(NEAR_WALK,        "i",            "walk-to",     NEIGHBOURS, NULL, "walk to", "Walk from the view to the selected picture by descent through the generator: the way stands below, Tab goes to it") \
    X(NEAR_BOX,         "v",            "box",         NEIGHBOURS, NULL, NULL, "On the map: begin a box here, and end it; t keeps its generated views; dragging does the same") \
    X(NEAR_HIDE,        "H",            "hide",        NEIGHBOURS, "CLASS or none", NULL, "Hide a class on the map, or show it again") \
    X(NEAR_LARGER,      "+ =",          "larger",      NEIGHBOURS, NULL, NULL, "Larger pictures; on the map: nearer") \
    X(NEAR_SMALLER,     "-",            "smaller",     NEIGHBOURS, NULL, NULL, "Smaller pictures; on the map: farther") \
    X(NEAR_WHOLE,       "0",            "whole",       NEIGHBOURS, NULL, NULL, "The whole map again") \
    \
    X(CORNERS_STEER,      "Enter",      "steer-this",  CORNERS, NULL, "steer", "Steer the selected view; what is kept then says it was made from this one") \
    X(CORNERS_NEIGHBOURS, "n",          "neighbours-of", CORNERS, NULL, NULL, "Real neighbours of the selected view") \
    X(CORNERS_TAG,        "e",          "tag",         CORNERS, "TAGS", "tags", "Tag the picked views, or the selected one; a space between: heel -worn adds heel and takes worn away") \
    X(CORNERS_NOTE,       "c",          "note",        CORNERS, "NOTE", "note", "Write a note on them") \
    X(CORNERS_PICK,       "Space v",    "pick",        CORNERS, NULL, "pick", "Pick the view, or let it go: tags, notes, drops and exports are for all picked") \
    X(CORNERS_PICK_ALL,   "V",          "pick-all",    CORNERS, NULL, NULL, "Pick all that the filter shows, or none") \
    X(CORNERS_DROP,       "x Delete",   "drop",        CORNERS, NULL, "drop", "Drop them from the tray; u takes it back") \
    X(CORNERS_FILTER,     "/",          "filter",      CORNERS, "WORDS", "filter", "Show what has these words in tags or note, \"-word\": has not; empty: all") \
    X(CORNERS_LIKE,       "f",          "find-like",   CORNERS, NULL, "more like", "Search for views like the picked ones, or the selected one: candidates to keep (t) or to drop (x)") \
    X(CORNERS_UNSURE,     "s",          "find-unsure", CORNERS, NULL, "unsure", "Search for views that the judge is unsure of and that still look real") \
    X(CORNERS_DISAGREE,   "d",          "find-disagree", CORNERS, NULL, NULL, "Search for views that the trained encoder and the judge see differently") \
    X(CORNERS_TRAIN,      "r",          "train-on",    CORNERS, NULL, NULL, "Set up a run that takes a tenth of each batch from the views with the tag in the filter, or from all") \
    X(CORNERS_COMPARE,    "C",          "compare",     CORNERS, "RUN RUN", "compare", "What two runs know of the views with the tag in the filter, or of all: one trained without the tray and one with it") \
    X(CORNERS_PARENT,     "p",          "parent",      CORNERS, NULL, NULL, "To the view it was made from") \
    X(CORNERS_EXPORT,     "E",          "export",      CORNERS, NULL, "export", "Export what is picked, else what is shown: pictures, ImageFolder, WebDataset") \
    X(EXPORT_FOLDER,      "",           "export-folder", CORNERS, "FOLDER", NULL, "... as pictures side by side with a manifest") \
    X(EXPORT_CLASSES,     "",           "export-classes", CORNERS, "FOLDER", NULL, "... with a folder per class") \
    X(EXPORT_TAGS,        "",           "export-tags", CORNERS, "FOLDER", NULL, "... with a folder per tag") \
    X(EXPORT_SHARDS,      "",           "export-webdataset", CORNERS, "FOLDER", NULL, "... as WebDataset shards") \
    X(CORNERS_IMPORT,     "I",          "import",      CORNERS, "FOLDER, TAR or PNG", "import", "Take an export, a folder of pictures with addresses, an archive or one picture into the tray") \
    X(CORNERS_LARGER,     "+ =",        "larger",      CORNERS, NULL, NULL, "Larger pictures") \
    X(CORNERS_SMALLER,    "-",          "smaller",     CORNERS, NULL, NULL, "Smaller pictures")
/* clang-format on */

typedef enum {
    ACT_NONE,
#define X(id, keys, name, context, arg, hint, help) ACT_##id,
    ACTIONS(X)
#undef X
        ACT_COUNT
} Action;

typedef struct {
    const char *keys, *name;
    Context context;
    const char *arg, *hint, *help;
} ActionInfo;
