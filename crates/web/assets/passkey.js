// Asks the browser for a passkey, and sends what it says with the form that asked.
(() => {
  "use strict";
  const bytes = (hex) => Uint8Array.from((hex || "").match(/../g) || [], (pair) => parseInt(pair, 16));
  const hex = (buffer) =>
    Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const known = (list) =>
    (list || "").split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));

  const make = async ({ challenge, site, user, name, passkeys }) => {
    const publicKey = {
      challenge: bytes(challenge),
      rp: { id: site, name: site },
      user: { id: bytes(user), name, displayName: name },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: known(passkeys),
      attestation: "none",
    };
    const { response } = await navigator.credentials.create({ publicKey });
    return {
      client: hex(response.clientDataJSON),
      authenticator: hex(response.getAuthenticatorData()),
    };
  };

  const use = async ({ challenge, site, passkeys }) => {
    const publicKey = {
      challenge: bytes(challenge),
      rpId: site,
      allowCredentials: known(passkeys),
      userVerification: "required",
    };
    const { rawId, response } = await navigator.credentials.get({ publicKey });
    return {
      id: hex(rawId),
      client: hex(response.clientDataJSON),
      authenticator: hex(response.authenticatorData),
      signature: hex(response.signature),
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-problem]");
    const say = (text) => {
      problem.textContent = text;
      problem.hidden = false;
    };
    if (!window.PublicKeyCredential) {
      say("This browser has no passkeys.");
      continue;
    }
    form.querySelector("button").disabled = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const said = await (form.dataset.passkey === "make" ? make : use)(form.dataset);
        for (const [name, value] of Object.entries(said)) form.elements[name].value = value;
        form.submit();
      } catch (error) {
        say(`The passkey was not used: ${error.message}`);
      }
    });
  }
})();
