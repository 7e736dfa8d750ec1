from django.urls import path, register_converter

from . import activity, agents, approvals, board, budgets, controls, costs, entry, shell, styleguide, tasks
from .addresses import ColumnName, IdList

register_converter(IdList, "ids")
register_converter(ColumnName, "column")

urlpatterns = [
    path("", board.board, name="board"),
    path("board/cards/<ids:ids>/", board.cards, name="board-cards"),
    path("board/cards/<int:id>/move/", board.move, name="board-move"),
    path("board/columns/<column:column>/", board.column, name="board-column"),
    path("board/new/", board.new, name="board-new"),
    path("tasks/<int:id>/", tasks.task, name="task"),
    path("tasks/<int:id>/change/", tasks.change, name="task-change"),
    path("tasks/<int:id>/text/", tasks.text, name="task-text"),
    path("tasks/<int:id>/comments/", tasks.comment, name="task-comment"),
    path("tasks/<int:id>/delete/", tasks.delete, name="task-delete"),
    path("agents/", agents.fleet, name="agents"),
    path("agents/strips/<ids:ids>/", agents.strips, name="agents-strips"),
    path("agents/<int:id>/", agents.agent, name="agent"),
    path("agents/<int:id>/control/", controls.control, name="agent-control"),
    path("agents/<int:id>/budget/", budgets.budget, name="agent-budget"),
    path("agents/<int:id>/more/", budgets.more, name="agent-more"),
    path("agents/<slug:slug>/", agents.called, name="agent-called"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<int:id>/decide/", approvals.decide, name="approval-decide"),
    path("costs/", costs.costs, name="costs"),
    path("costs/trend.json", costs.trend, name="costs-trend"),
    path("costs/export.csv", costs.export, name="costs-export"),
    path("costs/budgets/", budgets.budgets, name="costs-budgets"),
    path("costs/budget/", costs.budget, name="costs-budget"),
    path("activity/", activity.activity, name="activity"),
    path("activity/latest/", activity.latest, name="activity-latest"),
    path("figures/", shell.figures, name="figures"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("login/", entry.sign_in, name="sign-in"),
    path("logout/", entry.sign_out, name="sign-out"),
]
