-- What a person says a case asks for and how grave it is: many notices do not say (openFDA's have no field for the action).

ALTER TABLE lotwatch.recall_case
ADD COLUMN said_action text CHECK (said_action IN ('remove', 'correct', 'inspect', 'advise', 'other')),
ADD COLUMN said_class text CHECK (said_class IN ('I', 'II', 'III'));
COMMENT ON COLUMN lotwatch.recall_case.said_action IS
'what a person says it asks for; a notice that asks for more counts before it; null: nobody has said';
COMMENT ON COLUMN lotwatch.recall_case.said_class IS
'the class a person gives it; a notice that says a graver one counts before it; null: nobody has said';
