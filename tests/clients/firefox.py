# SPDX-License-Identifier: BSD-3-Clause
"""Does one thing in a Firefox that was started with --marionette --remote-allow-system-access, as a person would.

firefox.py PORT FOLDER LABEL STEP [ARG...]: FOLDER is for files of its own, LABEL names the token.
  token                     is it there: the module that the token is in
  visit URL [PIN...]        loads a page
  change OLD NEW            the dialog of the device manager's button Change Password
  login [PIN...]            its buttons Log In and Log Out
  logout
  quit
The PINs are what the person types, one for each dialog, the last one into all that follow; after eight dialogs the
person gives up. Prints how it ended, how many dialogs appeared, and their texts.
"""

import json
import os
import socket
import sys
import time

# Marionette ends a script during which a dialog appears. So this one only leaves a person behind, who begins when the
# file "go" appears, and writes the file "done" at the end.
PERSON = """
  const [folder, label, step, args] = arguments;
  const main = Services.wm.getMostRecentWindow("navigator:browser");
  const dialogs = [];
  const pins = step == "visit" ? args.slice(1) : args;
  const sleep = () => new Promise(resolve => main.setTimeout(resolve, 50));

  const answer = dialog => {
    const args = dialog.Dialog.args;
    const buttons = dialog.document.getElementById("commonDialog");
    dialogs.push(args.text);
    const pin = pins[Math.min(dialogs.length, pins.length) - 1];
    const accept = args.promptType != "promptPassword" || (pin && dialogs.length <= 8);
    dialog.setTimeout(() => {
      if (args.promptType == "promptPassword" && accept)
        dialog.document.getElementById("password1Textbox").value = pin;
      buttons.getButton(accept ? "accept" : "cancel").click();
    }, 0);
  };

  const wait = async what => {
    for (const end = Date.now() + 20000; !what(); await sleep())
      if (Date.now() > end) throw new Error("20 s are over");
  };

  const forget = () => Cc["@mozilla.org/psm;1"].getService(Ci.nsINSSComponent)
    .clearTLSCacheAndCancelAllConnections();

  const find = async () => {
    const modules = Cc["@mozilla.org/security/pkcs11moduledb;1"].getService(Ci.nsIPKCS11ModuleDB);
    for (const module of await modules.listModules()) {
      for (const slot of module.slots) {
        const token = slot.getToken();
        if (token && token.tokenName == label) return [module.name, token];
      }
    }
    throw new Error("no token " + label);
  };

  const steps = {
    token: (token, module) => module,

    async visit(token, module, url) {
      const browser = main.gBrowser.selectedBrowser;
      forget();
      browser.fixupAndLoadURIString(url, {triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});
      await wait(() => browser.currentURI.spec == url && !browser.webProgress.isLoadingDocument);
      return "loaded";
    },

    // The window is the one that the device manager opens.
    async change(token, module, old, pin) {
      const params = Cc["@mozilla.org/embedcomp/dialogparam;1"].createInstance(Ci.nsIDialogParamBlock);
      params.objects = Cc["@mozilla.org/array;1"].createInstance(Ci.nsIMutableArray);
      params.objects.appendElement(token);
      const change = main.openDialog("chrome://pippki/content/changepassword.xhtml", "", "chrome", params);
      await wait(() => change.document.readyState == "complete" && change.document.getElementById("pw1"));
      for (const [id, value] of [["oldpw", old], ["pw1", pin], ["pw2", pin]]) {
        change.document.getElementById(id).value = value;
        change.document.getElementById(id).dispatchEvent(new change.Event("input"));
      }
      change.document.getElementById("set_password").getButton("accept").click();
      await wait(() => dialogs.length);
      if (!change.closed) change.close();
      return "answered";
    },

    login(token) {
      try {
        token.login();
      } catch (error) {
        // Firefox's own dialog looks at isLoggedIn too.
      }
      return token.isLoggedIn ? "logged in" : "not logged in";
    },

    logout(token) {
      token.logout();
      forget();
      return token.isLoggedIn ? "logged in" : "not logged in";
    },
  };

  (async () => {
    let result;
    Services.obs.addObserver(answer, "common-dialog-loaded");
    try {
      while (!(await IOUtils.exists(folder + "/go"))) await sleep();
      const [module, token] = await find();
      result = await steps[step](token, module, ...args);
    } catch (error) {
      result = String(error);
    }
    Services.obs.removeObserver(answer, "common-dialog-loaded");
    await IOUtils.writeJSON(folder + "/done", [result, dialogs], {tmpPath: folder + "/done.tmp"});
  })();
"""

PAGE = """
  if (document.documentURI.startsWith("about:neterror"))
    return document.getNetErrorInfo().errorCodeString;
  return document.documentElement.innerText;
"""


class Firefox:
    """One session of Marionette's protocol: LENGTH:JSON, both ways."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(30)
        self.bytes = b""
        self.number = 0
        self.receive()
        self.call("WebDriver:NewSession")

    def more(self):
        read = self.socket.recv(65536)
        if not read:
            sys.exit("Firefox has hung up")
        self.bytes += read

    def receive(self):
        while b":" not in self.bytes:
            self.more()
        length, _, self.bytes = self.bytes.partition(b":")
        while len(self.bytes) < int(length):
            self.more()
        message, self.bytes = self.bytes[: int(length)], self.bytes[int(length) :]
        return json.loads(message)

    def call(self, command, **parameters):
        self.number += 1
        message = json.dumps([0, self.number, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self.receive()
        if error:
            sys.exit("%s: %s: %s" % (command, error["error"], error["message"]))
        return (result or {}).get("value")

    def run(self, context, script, *args):
        self.call("Marionette:SetContext", value=context)
        return self.call("WebDriver:ExecuteScript", script=script, args=args, sandbox="system")


def wait_for(path):
    end = time.monotonic() + 60
    while not os.path.exists(path):
        if time.monotonic() > end:
            sys.exit("Firefox hangs")
        time.sleep(0.02)


def person(firefox, folder, label, step, *args):
    go, done = os.path.join(folder, "go"), os.path.join(folder, "done")
    for path in go, done:
        if os.path.exists(path):
            os.unlink(path)
    firefox.run("chrome", PERSON, folder, label, step, args)
    open(go, "w").close()
    wait_for(done)
    with open(done) as file:
        return json.load(file)


def main():
    port, folder, label, step, *args = sys.argv[1:]
    firefox = Firefox(int(port))
    if step == "quit":
        firefox.call("Marionette:Quit", flags=["eForceQuit"])
        return
    if step == "visit":
        args[0] += "?%d" % time.time_ns()  # the page before is not to count as loaded
    result, dialogs = person(firefox, folder, label, step, *args)
    if result == "loaded":
        text = firefox.run("content", PAGE)
        result = "alice's page" if "Subject: CN=alice" in text else text.strip().split("\n")[0]
    print("%s: %s, %d %s" % (step, result, len(dialogs), " | ".join(sorted(set(dialogs)))))


main()
