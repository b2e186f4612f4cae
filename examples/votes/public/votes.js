const result = document.querySelector("#result");

async function show(answer) {
  result.textContent = JSON.stringify(await (await answer).json(), null, 2);
}

for (const button of document.querySelectorAll("button")) {
  button.onclick = () => show(fetch(`/api/drinks/${button.value}`, { method: "POST" }));
}
show(fetch("/api/drinks"));
