// The extension starts `baraza lsp` and leaves everything to it. What is here is what only the editor can do: find
// the program, say so where it is not there, and show the pages of problems.
const vscode = require("vscode");
const { LanguageClient, RevealOutputChannelOn } = require("vscode-languageclient/node");

// The addresses of problems' pages: baraza-page:unknown-step. The server is told, and gives the text of one.
const scheme = "baraza-page";

let client;

async function start() {
  const command = vscode.workspace.getConfiguration("baraza").get("command") || "baraza";
  client = new LanguageClient(
    "baraza",
    "Baraza",
    { command, args: ["lsp"] },
    {
      documentSelector: [{ language: "baraza-flow" }],
      initializationOptions: { pages: scheme + ":" },
      // A request that is refused, such as the formatting of a broken file, is told by itself.
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    },
  );
  try {
    await client.start();
  } catch (reason) {
    const choice = await vscode.window.showErrorMessage(
      `The program "${command}" could not be started, so flows are not checked here. Install it, or say in the settings where it is.`,
      "Open the settings",
    );
    if (choice) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "baraza.command");
    }
  }
}

async function stop() {
  const old = client;
  client = undefined;
  if (old && old.isRunning()) {
    await old.stop();
  }
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  const pages = {
    provideTextDocumentContent: (uri) => client && client.sendRequest("baraza/explain", { code: uri.path }),
  };
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(scheme, pages),
    vscode.commands.registerCommand("baraza.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("baraza.command")) {
        restart();
      }
    }),
  );
  await start();
};

exports.deactivate = stop;
