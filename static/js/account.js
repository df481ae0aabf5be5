/* Says in the page why a passkey or security key could not be used; the scripts that ask for it only log it. */
(function () {
  "use strict";

  function words(problem) {
    if (/^\d+\.\d+\.\d+\.\d+$/.test(location.hostname)) {
      return "Passkeys need a name instead of an address: open this page as http://localhost" + (location.port ? ":" + location.port : "") + ".";
    }
    if (problem && problem.name === "NotAllowedError") return "Nothing was signed: the request was cancelled or took too long. Try again, or use your password.";
    return "The passkey could not be used: " + (problem && problem.message ? problem.message : "the browser gave no reason") + ".";
  }

  document.addEventListener("allauth.error", function (event) {
    const place = document.getElementById("content");
    let note = document.getElementById("passkey-problem");
    if (!note) {
      note = document.createElement("div");
      note.id = "passkey-problem";
      note.className = "note bad";
      note.setAttribute("role", "alert");
      place.insertBefore(note, place.querySelector("form"));
      if (!note.parentElement) place.appendChild(note);
    }
    note.textContent = words(event.detail && event.detail.exception);
  });
})();
