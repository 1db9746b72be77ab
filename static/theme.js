// Before the first paint: the theme the reader chose, if any.
(function () {
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch (refused) {
    // Storage is off: the system's theme stands.
  }
})();
